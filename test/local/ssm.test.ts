import {
  DeleteParameterCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  type GetParametersByPathCommandInput,
  GetParametersCommand,
  type Parameter,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { SsmService } from '../../local/aws/ssm/service';
import { EndpointFixture, REGION } from './endpoint-fixture';

const ssm = new SsmService({ region: REGION });
const fixture = new EndpointFixture({ ssm });
let client: SSMClient;

beforeAll(async () => {
  await fixture.start();
  client = new SSMClient(fixture.client());
});
afterAll(async () => {
  client.destroy();
  await fixture.close();
});

const get = async (Name: string, WithDecryption = false) =>
  (await client.send(new GetParameterCommand({ Name, WithDecryption }))).Parameter;
const put = (Name: string, Value: string, more = {}) =>
  client.send(new PutParameterCommand({ Name, Value, Type: 'String', ...more }));

describe('a parameter', () => {
  it('that a stack put is read by name, version and ARN', async () => {
    ssm.put('/app/url', 'one');
    ssm.put('/app/url', 'two');
    const latest = await get('/app/url');
    expect(latest).toMatchObject({
      Name: '/app/url',
      Type: 'String',
      Value: 'two',
      Version: 2,
      ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/app/url',
      DataType: 'text',
    });
    expect(latest?.LastModifiedDate).toBeInstanceOf(Date);
    expect(await get('/app/url:1')).toMatchObject({ Value: 'one', Selector: ':1' });
    expect(await get(latest?.ARN ?? '')).toMatchObject({ Value: 'two' });
  });

  it('without a slash has one in its ARN', async () => {
    ssm.put('plain', 'value');
    const parameter = await get('plain');
    expect(parameter?.ARN).toBe('arn:aws:ssm:us-east-1:000000000000:parameter/plain');
    expect(await get(parameter?.ARN ?? '')).toMatchObject({ Name: 'plain' });
  });

  it('gets no new version when a stack puts the same value', () => {
    expect([ssm.put('/same', 'x').version, ssm.put('/same', 'x').version]).toEqual([1, 1]);
  });

  it('is overwritten only on request', async () => {
    expect(await put('/over', 'one')).toMatchObject({ Version: 1, Tier: 'Standard' });
    await expect(put('/over', 'two')).rejects.toMatchObject({ name: 'ParameterAlreadyExists' });
    expect(await put('/over', 'two', { Overwrite: true, Type: undefined })).toMatchObject({ Version: 2 });
    expect(await get('/over')).toMatchObject({ Value: 'two', Type: 'String' });
  });

  it('is deleted once', async () => {
    ssm.put('/gone', 'x');
    await client.send(new DeleteParameterCommand({ Name: '/gone' }));
    const name = 'ParameterNotFound';
    await expect(client.send(new DeleteParameterCommand({ Name: '/gone' }))).rejects.toMatchObject({ name });
    await expect(get('/gone')).rejects.toMatchObject({ name });
    expect(ssm.find('/gone')).toBeUndefined();
  });

  it('that is secure shows its value only with decryption', async () => {
    await put('/secure', 'secret', { Type: 'SecureString' });
    expect((await get('/secure'))?.Value).not.toBe('secret');
    expect((await get('/secure', true))?.Value).toBe('secret');
  });

  it.each([
    ['no type', '/new', 'x', { Type: undefined }],
    ['an unknown type', '/new', 'x', { Type: 'Number' }],
    ['a relative path', 'a/b', 'x', {}],
    ['a reserved prefix', '/aws/x', 'x', {}],
    ['16 levels', '/a'.repeat(16), 'x', {}],
    ['a space', '/a b', 'x', {}],
    ['no value', '/new', '', {}],
    ['over 4 KB in the standard tier', '/new', 'x'.repeat(4_097), {}],
    ['over 8 KB in the advanced tier', '/new', 'x'.repeat(8_193), { Tier: 'Advanced' }],
  ])('is refused with %s', async (_, name, value, more) => {
    await expect(put(name, value, more)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('may have 8 KB in the advanced tier', async () => {
    expect(await put('/large', 'x'.repeat(8_192), { Tier: 'Advanced' })).toMatchObject({ Tier: 'Advanced' });
    expect(() => ssm.put('/large-by-stack', 'x'.repeat(4_097))).toThrow(/4096/);
  });

  it('becomes an advanced one with the same value, and never a standard one again', async () => {
    ssm.put('/tier', 'x');
    expect(ssm.put('/tier', 'x', 'String', 'Advanced')).toMatchObject({ tier: 'Advanced', version: 2 });
    const overwrite = (Value: string, Tier?: 'Standard' | 'Intelligent-Tiering') =>
      put('/tier', Value, { Overwrite: true, ...(Tier && { Tier }) });
    await expect(overwrite('y', 'Standard')).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining("You can't downgrade a parameter from the advanced-parameter tier"),
    });
    expect(await overwrite('y', 'Intelligent-Tiering')).toMatchObject({ Tier: 'Advanced', Version: 3 });
    expect(await overwrite('x'.repeat(8_192))).toMatchObject({ Tier: 'Advanced', Version: 4 });
  });

  it('of intelligent tiering is advanced only where its value needs that', async () => {
    const Tier = 'Intelligent-Tiering';
    expect(await put('/smart', 'x', { Tier })).toMatchObject({ Tier: 'Standard' });
    const large = 'x'.repeat(4_097);
    expect(await put('/smart', large, { Tier, Overwrite: true })).toMatchObject({ Tier: 'Advanced' });
  });

  it('has no version that was never made', async () => {
    ssm.put('/versions', 'x');
    await expect(get('/versions:7')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' });
  });
});

it('several names are answered together, the unknown ones apart', async () => {
  ssm.put('/many/a', '1');
  const Names = ['/many/a', '/many/none'];
  const { Parameters, InvalidParameters } = await client.send(new GetParametersCommand({ Names }));
  expect(Parameters?.map(({ Value }) => Value)).toEqual(['1']);
  expect(InvalidParameters).toEqual(['/many/none']);
  const tooMany = client.send(
    new GetParametersCommand({ Names: Array.from({ length: 11 }, (_, i) => `/n${i}`) }),
  );
  await expect(tooMany).rejects.toMatchObject({ name: 'ValidationException' });
});

describe('a path', () => {
  const below = (input: GetParametersByPathCommandInput) =>
    client.send(new GetParametersByPathCommand(input));
  const names = (parameters: Parameter[] | undefined) => parameters?.map(({ Name }) => Name);

  beforeAll(() => {
    for (const name of ['/tree/a', '/tree/b/c', '/tree/b/d', '/treetop']) ssm.put(name, 'x');
  });

  it('lists one level, or all when recursive', async () => {
    expect(names((await below({ Path: '/tree' })).Parameters)).toEqual(['/tree/a']);
    expect(names((await below({ Path: '/tree/', Recursive: true })).Parameters)).toEqual([
      '/tree/a',
      '/tree/b/c',
      '/tree/b/d',
    ]);
    expect((await below({ Path: '/nothing', Recursive: true })).Parameters).toEqual([]);
  });

  it('comes in pages of at most ten', async () => {
    for (let index = 0; index < 12; index += 1) ssm.put(`/pages/p${String(index).padStart(2, '0')}`, 'x');
    const first = await below({ Path: '/pages' });
    const second = await below({ Path: '/pages', NextToken: first.NextToken });
    expect([first.Parameters?.length, second.Parameters?.length, second.NextToken]).toEqual([
      10,
      2,
      undefined,
    ]);
    expect(new Set([...(names(first.Parameters) ?? []), ...(names(second.Parameters) ?? [])]).size).toBe(12);
    expect((await below({ Path: '/pages', MaxResults: 3 })).Parameters).toHaveLength(3);
  });

  it('must begin with a slash, and pages have their bounds', async () => {
    const name = 'ValidationException';
    await expect(below({ Path: 'tree' })).rejects.toMatchObject({ name });
    await expect(below({ Path: '/tree', MaxResults: 11 })).rejects.toMatchObject({ name });
    await expect(below({ Path: '/tree', NextToken: 'x' })).rejects.toMatchObject({
      name: 'InvalidNextToken',
    });
  });
});
