import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeService } from '../../local/aws/events';
import { SqsService } from '../../local/aws/sqs/service';
import { lineOf, logHops } from '../../local/hop-log';
import { Identities } from '../../local/identity';
import { definition, testHost } from './fixtures/lambda/test-host';

const trace = '0af7651916cd43dd8448eb211c80319c';
const detail = { client: 'c', traceparent: `00-${trace}-b7ad6b7169203331-01` };

it('a line has the ids of the traces in what passes, however deep, and nothing else of it', () => {
  const text = JSON.stringify({ Records: [{ body: JSON.stringify({ ...detail, secret: 'x' }) }, detail] });
  expect(lineOf({ kind: 'begin', where: 'f', at: 1.5, text })).toEqual({
    kind: 'begin',
    where: 'f',
    at: 1.5,
    traces: [trace],
  });
  expect(lineOf({ kind: 'event', where: 'bus', at: 1, text: JSON.stringify({ detail }) })).toMatchObject({
    connection: 'c',
  });
});

it('functions, buses and queues are in the log, in order, while it is kept', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-hops-'));
  const file = join(directory, 'hops.jsonl');
  const { host } = testHost();
  host.createFunction(definition('echo'));
  const log = { output: () => undefined, warn: () => undefined };
  const events = new EventBridgeService({
    region: 'us-east-1',
    router: { deliver: async () => undefined },
    log,
  });
  events.createBus('main');
  const sqs = new SqsService({ region: 'us-east-1', baseUrl: () => 'http://localhost:1' });
  const { arn } = sqs.createQueue({ name: 'waiting' });
  const put = () =>
    events.putEvents([
      { Source: 's', DetailType: 'd', Detail: JSON.stringify(detail), EventBusName: 'main' },
    ]);
  const end = logHops(file);
  put();
  sqs.send(arn, JSON.stringify(detail), {}, new Identities().root());
  await host.invoke('echo', JSON.stringify(detail), 'RequestResponse');
  await end();
  put();
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ kind, where }) => `${kind} ${where}`)).toEqual([
    'event main',
    'queue waiting',
    'begin echo',
    'end echo',
  ]);
  for (const { traces } of lines) expect(traces).toEqual([trace]);
  await host.close();
  sqs.close();
  rmSync(directory, { recursive: true });
});
