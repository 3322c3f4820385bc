import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { parameterNames } from '../../lambdas/contract/parameters';
import { DEFAULT_RULES } from '../../lambdas/contract/registry';
import { cloudOf } from '../../scripts/dead-letters/cloud';
import { readDlqOptions, runDlq } from '../../scripts/dlq';
import { Clients } from '../support/clients';
import { readTarget } from '../support/target';

const target = readTarget();
const directory = target.directory ?? '';
const cloud = cloudOf('local', directory);
const run = `${Date.now().toString(36)}${process.pid}`;

const clients = new Clients(target);

afterAll(() => {
  clients.close();
  cloud.close();
});

/** A second service with a namespace of its own, which lets these publish there. */
async function register(namespace: string, publishers: readonly string[]): Promise<void> {
  const registration = {
    ...{ v: 1, service: namespace, methods: [], publishers: { [namespace]: publishers } },
    namespaces: { [namespace]: { ...DEFAULT_RULES, historySize: 10 } },
  };
  const Name = parameterNames(target.environment).service(namespace);
  await cloud.ssm.send(
    new PutParameterCommand({ Name, Value: JSON.stringify(registration), Type: 'String' }),
  );
}

async function letters(channel: string): Promise<unknown[]> {
  const options = readDlqOptions(['list', '--json', '--queue', 'deliveries', '--dir', directory]);
  if (options === 'help') throw new Error('expected options, got help');
  const lines: string[] = [];
  await runDlq(cloud, options, (line) => lines.push(line));
  return lines.map((line) => JSON.parse(line)).filter(({ content }) => content.channel === channel);
}

it('a service speaks in a channel of another one only where that one lets it', async () => {
  const [closed, open] = [`c${run}`.slice(0, 30), `o${run}`.slice(0, 30)];
  await register(closed, []);
  await register(open, ['echo']);
  // The registry looks for an unknown name once in five seconds.
  await new Promise((resolve) => setTimeout(resolve, 5_500));
  const client = await clients.connected('alice');
  const shout = (channel: string) => client.rpc('echo.shout', { channel, text: 'hi' });
  expect((await shout(`${open}:1`)).data).toMatchObject({ offset: 1 });
  await expect(shout(`${closed}:1`)).rejects.toMatchObject({ code: 103 });
  expect(await letters(`${closed}:1`)).toMatchObject([{ reason: 'foreign-namespace' }]);
  expect(await letters(`${open}:1`)).toEqual([]);
}, 30_000);
