import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCloud } from '../../local/cloud';
import { createStacks, DuplicateStackError } from '../../local/stacks';
import { writeAssembly } from './template-cloud';

let directory: string;
let cloud: LocalCloud;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'assemblies-'));
  cloud = new LocalCloud({
    region: 'us-east-1',
    ports: { websocket: 1, serverApi: 2, web: 3, aws: 4 },
    log: { output: () => undefined, warn: () => undefined },
    redisBinary: new Promise(() => undefined),
    redisDirectory: directory,
  });
});
afterEach(async () => {
  await cloud.close();
  rmSync(directory, { recursive: true, force: true });
});

const parameter = (Name: string, Value: unknown) => ({
  Type: 'AWS::SSM::Parameter',
  Properties: { Name, Value, Type: 'String' },
});

/** An assembly of one stack. */
function assembly(stack: string, resources: object, parameters: object = {}): string {
  const folder = join(directory, `${stack}-${Object.keys(resources).join('-')}`);
  mkdirSync(folder);
  writeAssembly(folder, resources, stack, parameters);
  return folder;
}

const platform = () => assembly('platform', { A: parameter('/platform/url', 'ws://there') });
const team = () =>
  assembly(
    'team',
    { B: parameter('/team/copy', { 'Fn::Sub': `\${Url}/x` }) },
    { Url: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/platform/url' } },
  );

it('apps find each other by SSM, in the order in which they are deployed', async () => {
  expect(await createStacks([platform(), team()], cloud)).toMatchObject({ stacks: 2, resources: 2 });
  expect(cloud.ssm.find('/team/copy')?.value).toBe('ws://there/x');
});

it('what an app reads has to be there before it', async () => {
  await expect(createStacks([team(), platform()], cloud)).rejects.toThrow(
    'expected an SSM parameter that an earlier stack has made, got /platform/url, which none has',
  );
});

it('two apps with a stack of one name are refused before anything is made', async () => {
  const [first, second] = [platform(), assembly('platform', { C: parameter('/c', 'c') })];
  const refused = createStacks([first, second], cloud);
  await expect(refused).rejects.toThrow(DuplicateStackError);
  await expect(refused).rejects.toThrow(
    `stack platform: expected one app that has it, got it in ${first} and ${second}`,
  );
  expect(cloud.ssm.find('/platform/url')).toBeUndefined();
});

it('a parameter is made once: two services cannot register under one name', async () => {
  const other = assembly('other', { D: parameter('/platform/url', 'ws://here') });
  await expect(createStacks([platform(), other], cloud)).rejects.toThrow(
    'other/D (AWS::SSM::Parameter) Name: expected a parameter that is not there yet, got "/platform/url"',
  );
  expect(cloud.ssm.find('/platform/url')?.value).toBe('ws://there');
});
