import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Redis } from 'iovalkey';
import { parameterNames } from '../../lambdas/contract/parameters';
import { Clients } from '../support/clients';
import { endStack, type LaunchedStack, launchStack } from '../support/launch-stack';
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

let stack: LaunchedStack;
let clients: Clients;
let operator: Redis;
/** Most of a row is waiting, so that all of them go at once. */
let runs: ReadonlyMap<string, Promise<void>>;

beforeAll(async () => {
  stack = await launchStack({
    name: `protocol-table-${process.pid}`,
    basePort: 5600,
    config: TIGHT_CONFIG,
    timeScale: TIGHT_TIME_SCALE,
  });
  const { target } = stack;
  await register();
  clients = new Clients(target);
  const state = readFileSync(join(target.directory ?? '', 'local.json'), 'utf8');
  operator = operatorRedis((JSON.parse(state) as { redisUrl: string }).redisUrl);
  const driver = new Driver({ target, clients, redis: operator });
  runs = new Map(TIGHT_ROWS.map((row) => [row.name, driver.run(row)]));
  // Each is awaited by its own test, which may come after it has failed.
  await Promise.race([...runs.values()].map((run) => run.catch(() => undefined)));
}, 120_000);
afterAll(async () => {
  clients.close();
  operator.disconnect();
  await endStack(stack.pid, stack.target.directory);
});

async function register(): Promise<void> {
  const { environment } = stack.target;
  const ssm = new SSMClient(awsOptions(stack.target));
  const Name = parameterNames(environment).service(SILENT_SERVICE.service);
  await ssm.send(new PutParameterCommand({ Name, Value: JSON.stringify(SILENT_SERVICE), Type: 'String' }));
  ssm.destroy();
}

it.each(byName(TIGHT_ROWS))('%s', async (name) => runs.get(name), 90_000);
