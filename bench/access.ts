import { createHash, createHmac } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { AwsEndpoint } from '../local/aws/endpoint';
import { SsmService } from '../local/aws/ssm/service';
import { AccessControl } from '../local/iam/access-control';
import { requestNeeds } from '../local/iam/needs';
import { RequestGuard } from '../local/iam/request-guard';
import { Identities } from '../local/identity';
import { LOCAL_ACCOUNT, type Principal } from '../local/ports';
import { median, table } from './statistics';

const REGION = 'us-east-1';
const ROUNDS = 15;
const CALLS = 400;
const DECISIONS = 50_000;
const ROLE = `arn:aws:iam::${LOCAL_ACCOUNT}:role/ingress`;
const PARAMETER = `arn:aws:ssm:${REGION}:${LOCAL_ACCOUNT}:parameter/app/a`;
const BODY = '{"Name":"/app/a"}';

/** Statements before the one that allows, as many as the largest role of the platform has. */
const OTHERS = Array.from({ length: 8 }, (_, n) => ({
  Effect: 'Allow',
  Action: [`sqs:SendMessage${n}`, `events:PutEvents${n}`],
  Resource: [`arn:aws:sqs:${REGION}:${LOCAL_ACCOUNT}:queue-${n}`, `arn:aws:events:*:*:event-bus/*${n}`],
}));

/** What signature and role of a caller cost at the AWS endpoint: the same call as the developer, who is not asked, and as a function. */
export async function benchAccess(): Promise<void> {
  const access = new AccessControl({ account: LOCAL_ACCOUNT, region: REGION });
  access.createRole(ROLE, { Version: '2012-10-17', Statement: [] });
  const allow = { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: PARAMETER };
  access.attachInline(ROLE, { Version: '2012-10-17', Statement: [...OTHERS, allow] });
  const identities = new Identities();
  const ssm = new SsmService({ region: REGION });
  ssm.put('/app/a', 'value');
  const none = { findSecret: () => undefined, partitionKeyOf: () => undefined };
  const needsOf = requestNeeds({ account: LOCAL_ACCOUNT, region: REGION }, none);
  const guard = new RequestGuard(access);
  const endpoint = new AwsEndpoint({ identities, services: { ssm }, access: { guard, needsOf } });
  const port = await endpoint.listen(0);
  try {
    await compare(port, identities.root(), identities.issue('fn', ROLE));
  } finally {
    await endpoint.close();
  }
  process.stdout.write(
    `decisions by one role of ${OTHERS.length + 1} statements: ${decisionsPerSecond(access)}/s\n`,
  );
}

async function compare(port: number, developer: Principal, fn: Principal): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: Record<'developer' | 'function', number[]> = { developer: [], function: [] };
  const sides = [
    ['developer', signed(developer, port)],
    ['function', signed(fn, port)],
  ] as const;
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [side, headers] of sides) {
      const began = process.hrtime.bigint();
      for (let n = 0; n < CALLS; n++) await call(port, agent, headers);
      const microseconds = Number(process.hrtime.bigint() - began) / 1000 / CALLS;
      // The first round warms up.
      if (round > 0) times[side].push(microseconds);
    }
  }
  agent.destroy();
  const rows = sides.map(([side]) => [side, median(times[side]).toFixed(0)]);
  process.stdout.write(`${table([['GetParameter as', 'us per call'], ...rows])}\n`);
}

function decisionsPerSecond(access: AccessControl): string {
  const caller = { kind: 'role', roleArn: ROLE, session: 'fn' } as const;
  const need = { action: 'ssm:GetParameter', resource: PARAMETER };
  const rates = Array.from({ length: ROUNDS }, () => {
    const began = process.hrtime.bigint();
    for (let n = 0; n < DECISIONS; n++) access.require(caller, need);
    return DECISIONS / (Number(process.hrtime.bigint() - began) / 1e9);
  });
  return Math.round(median(rates)).toLocaleString('en');
}

async function call(port: number, agent: Agent, headers: Record<string, string>): Promise<void> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ port, host: '127.0.0.1', method: 'POST', agent, headers }, resolve)
      .once('error', reject)
      .end(BODY);
  });
  response.resume();
  await new Promise((resolve) => response.once('end', resolve));
  if (response.statusCode !== 200) throw new Error(`expected 200, got ${response.statusCode}`);
}

/** Headers of the one request that is sent again and again. */
function signed(
  { accessKeyId, secretAccessKey, sessionToken }: Principal,
  port: number,
): Record<string, string> {
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = {
    host: `127.0.0.1:${port}`,
    'x-amz-date': date,
    'x-amz-security-token': sessionToken,
    'x-amz-target': 'AmazonSSM.GetParameter',
  };
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = ['POST', '/', '', lines, names.join(';'), sha256(BODY)].join('\n');
  const scope = [date.slice(0, 8), REGION, 'ssm', 'aws4_request'];
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n');
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${hmac(key, text).toString('hex')}`,
  };
}
