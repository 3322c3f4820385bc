import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Redis } from 'iovalkey';
import { parameterNames } from '../../lambdas/contract/parameters';
import { type Holdfast, startHoldfast } from '../../local/kit';
import { Clients } from '../support/clients';
import { Driver } from '../support/protocol-table/drive';
import {
  SILENT_SERVICE,
  TIGHT_CONFIG,
  TIGHT_ROWS,
  TIGHT_TIME_SCALE,
} from '../support/protocol-table/rows/tight';
import { byName } from '../support/protocol-table/stage';
import { operatorRedis } from '../support/redis';
import { awsOptions } from '../support/target';

let stack: Holdfast;
let clients: Clients;
let operator: Redis;
/** Most of a row is waiting, so that all of them go at once. */
let runs: ReadonlyMap<string, Promise<void>>;

beforeAll(async () => {
  stack = await startHoldfast({ config: TIGHT_CONFIG, timeScale: TIGHT_TIME_SCALE });
  await register();
  clients = new Clients(stack);
  operator = operatorRedis(stack.redisUrl);
  const driver = new Driver({ target: stack, clients, redis: operator });
  runs = new Map(TIGHT_ROWS.map((row) => [row.name, driver.run(row)]));
  // Each is awaited by its own test, which may come after it has failed.
  await Promise.race([...runs.values()].map((run) => run.catch(() => undefined)));
}, 120_000);
afterAll(async () => {
  clients.close();
  operator.disconnect();
  await stack.stop();
});

async function register(): Promise<void> {
  const { environment } = stack;
  const ssm = new SSMClient(awsOptions(stack));
  const Name = parameterNames(environment).service(SILENT_SERVICE.service);
  await ssm.send(new PutParameterCommand({ Name, Value: JSON.stringify(SILENT_SERVICE), Type: 'String' }));
  ssm.destroy();
}

it.each(byName(TIGHT_ROWS))('%s', async (name) => runs.get(name), 90_000);
