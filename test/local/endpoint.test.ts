import { request as httpRequest } from 'node:http';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { JsonService } from '../../local/aws/json-service';
import { SsmService } from '../../local/aws/ssm/service';
import { StsService } from '../../local/aws/sts/service';
import { roleId } from '../../local/identity';
import { EndpointFixture, REGION, SqsFixture } from './endpoint-fixture';

const ROLE = 'arn:aws:iam::000000000000:role/service/echo-role';

const broken = new JsonService({
  service: 'broken',
  version: '1.1',
  operations: {
    Break: () => {
      throw new Error('a secret detail');
    },
    Who: (_, { principal }) => ({ arn: principal.arn }),
  },
});
const fixture = new EndpointFixture({
  ssm: new SsmService({ region: REGION }),
  sts: new StsService(),
  broken,
});

beforeAll(() => fixture.start());
afterAll(() => fixture.close());

function signed(service: string, accessKeyId = 'anything'): Record<string, string> {
  return {
    'content-type': 'application/x-amz-json-1.1',
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20250101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  };
}

async function post(headers: Record<string, string>, body = '{}') {
  const response = await fetch(fixture.url, { method: 'POST', headers, body });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

describe('identification', () => {
  it('knows a function by the access key of its role session', async () => {
    const principal = fixture.identities.issue('echo', ROLE);
    const { text } = await fixture.post(principal, 'broken', '{}', { 'x-amz-target': 'X.Who' });
    expect(JSON.parse(text)).toEqual({ arn: ROLE });
    expect(principal.senderId).toBe(`${roleId(ROLE)}:echo`);
    expect(principal.senderId).toMatch(/^AROA[0-9A-F]{16}:echo$/);
    expect(fixture.identities.issue('echo', ROLE)).toBe(principal);
    expect(fixture.identities.issue('other', ROLE).accessKeyId).not.toBe(principal.accessKeyId);
  });

  it('takes unknown credentials for the root user', async () => {
    const headers = { ...signed('broken', 'AKIADUMMY'), 'x-amz-target': 'X.Who' };
    expect(JSON.parse((await post(headers)).text)).toEqual({ arn: 'arn:aws:iam::000000000000:root' });
  });

  it('reads the service from the target when nothing is signed', async () => {
    const response = await post({ 'x-amz-target': 'AmazonSSM.GetParameters' }, '{"Names":["a"]}');
    expect(JSON.parse(response.text)).toEqual({ Parameters: [], InvalidParameters: ['a'] });
  });
});

describe('errors', () => {
  it('are typed for the SDK', async () => {
    const client = new SSMClient(fixture.client());
    const error = await client.send(new GetParameterCommand({ Name: '/none' })).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'ParameterNotFound', $metadata: { httpStatusCode: 400 } });
    expect(error).toHaveProperty('$metadata.requestId', expect.stringMatching(/^[0-9a-f-]{36}$/));
    client.destroy();
  });

  it('name the services that exist when another is asked for', async () => {
    const client = new SQSClient(fixture.client());
    const send = client.send(new SendMessageCommand({ QueueUrl: `${fixture.url}/0/q`, MessageBody: 'x' }));
    await expect(send).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringContaining('ssm, sts, broken'),
      $metadata: { httpStatusCode: 501 },
    });
    client.destroy();
  });

  it('name the operations that exist when another is asked for', async () => {
    const response = await post({ ...signed('ssm'), 'x-amz-target': 'AmazonSSM.SendCommand' });
    expect(response.status).toBe(501);
    expect(response.headers.get('x-amzn-errortype')).toBe('UnknownOperationException');
    expect(JSON.parse(response.text).message).toMatch(/GetParametersByPath.*got SendCommand/);
  });

  it.each(['{', '[]', '"text"', '{"Names":"not a list"}', '{"Names":[1]}'])(
    'refuse the body %s',
    async (body) => {
      const response = await post({ ...signed('ssm'), 'x-amz-target': 'AmazonSSM.GetParameters' }, body);
      expect([response.status, JSON.parse(response.text).__type]).toEqual([400, 'SerializationException']);
    },
  );

  it('are not taken for an operation when a name is inherited', async () => {
    const response = await post({ ...signed('ssm'), 'x-amz-target': 'AmazonSSM.constructor' });
    expect(response.status).toBe(501);
  });

  it('hide what broke inside a service from the caller and report it', async () => {
    const response = await post({ ...signed('broken'), 'x-amz-target': 'X.Break' });
    expect([response.status, JSON.parse(response.text).__type]).toEqual([500, 'InternalFailure']);
    expect(response.text).not.toContain('secret detail');
    expect(fixture.failures).toEqual([expect.objectContaining({ message: 'a secret detail' })]);
  });

  it('answer a body over 16 MiB with 413', async () => {
    const status = await new Promise((resolve, reject) => {
      const outgoing = httpRequest(fixture.url, { method: 'POST', headers: signed('ssm') }, (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode);
      });
      outgoing.once('error', reject);
      outgoing.write(Buffer.alloc(16 * 1024 * 1024 + 1, 'x'));
    });
    expect(status).toBe(413);
  });
});

describe('STS', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  it('tells a function who it is', async () => {
    const principal = fixture.identities.issue('echo', ROLE);
    const { text } = await fixture.post(
      principal,
      'sts',
      'Action=GetCallerIdentity&Version=2011-06-15',
      form,
    );
    expect(text).toContain('<Arn>arn:aws:sts::000000000000:assumed-role/echo-role/echo</Arn>');
    expect(text).toContain('<Account>000000000000</Account>');
    expect(text).toContain(`<UserId>${roleId(ROLE)}:echo</UserId>`);
  });

  it('refuses other actions in XML', async () => {
    const response = await post({ ...signed('sts'), ...form }, 'Action=AssumeRole');
    expect(response.status).toBe(400);
    expect(response.text).toContain('<Code>InvalidAction</Code>');
  });
});

it('closes at once although a long poll is open', async () => {
  const { sqs, fixture: own } = new SqsFixture();
  await own.start();
  const { url } = sqs.createQueue({ name: 'queue' });
  const client = new SQSClient(own.client());
  const polled = client
    .send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }))
    .catch(() => 'cut');
  await new Promise((resolve) => setTimeout(resolve, 100));
  await own.close();
  expect(await polled).toBe('cut');
  client.destroy();
});

it('tells when its port is taken', async () => {
  const port = Number(new URL(fixture.url).port);
  await expect(new EndpointFixture({}).endpoint.listen(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
