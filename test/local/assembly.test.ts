// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub reads these placeholders.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AssemblyError,
  checkResourceTypes,
  loadAssembly,
  NestedStackError,
  parseTemplate,
  planResources,
  ResourceCycleError,
} from '../../local/assembly';

const HASH = 'f'.repeat(64);
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'assembly-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const queue = { Type: 'AWS::SQS::Queue' };

/** Writes an assembly as `cdk synth` does: stack artifacts with their asset manifests. */
function write(stacks: Record<string, { template?: object | string; after?: readonly string[] }>): string {
  const artifacts: Record<string, object> = {};
  for (const [name, { template = { Resources: { Q: queue } }, after = [] }] of Object.entries(stacks)) {
    artifacts[`${name}.assets`] = {
      type: 'cdk:asset-manifest',
      properties: { file: `${name}.assets.json` },
    };
    artifacts[name] = {
      type: 'aws:cloudformation:stack',
      environment: 'aws://unknown-account/unknown-region',
      properties: { templateFile: `${name}.template.json`, stackName: `local-${name}` },
      dependencies: [`${name}.assets`, ...after],
      displayName: name,
    };
    writeFileSync(
      join(directory, `${name}.assets.json`),
      JSON.stringify({
        version: '43.0.0',
        files: {
          [HASH]: {
            source: { path: `asset.${HASH}`, packaging: 'zip' },
            destinations: { current: { bucketName: 'assets', objectKey: `${HASH}.zip` } },
          },
        },
        dockerImages: {},
      }),
    );
    writeFileSync(
      join(directory, `${name}.template.json`),
      typeof template === 'string' ? template : JSON.stringify(template),
    );
  }
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ version: '43.0.0', artifacts }));
  return directory;
}

describe('loadAssembly', () => {
  it('gives the stacks in the order of their dependencies', () => {
    const { stacks } = loadAssembly(
      write({ service: { after: ['gateway'] }, gateway: { after: ['state'] }, state: {} }),
    );
    expect(stacks.map(({ name }) => name)).toEqual(['local-state', 'local-gateway', 'local-service']);
    expect(stacks[1]?.dependencies).toEqual(['local-state']);
  });

  it('finds the directory of a function by the S3 key that the template names', () => {
    mkdirSync(join(directory, `asset.${HASH}`));
    const [stack] = loadAssembly(write({ state: {} })).stacks;
    expect(stack?.assetPath(`${HASH}.zip`)).toBe(join(directory, `asset.${HASH}`));
    expect(() => stack?.assetPath('other.zip')).toThrow(`local-state has no asset with the S3 key other.zip`);
  });

  it('says which asset is listed and not there', () => {
    const [stack] = loadAssembly(write({ state: {} })).stacks;
    expect(() => stack?.assetPath(`${HASH}.zip`)).toThrow(/is missing at .*asset\.f+/);
  });

  it.each<[string, () => string, RegExp]>([
    ['a directory that does not exist', () => join(directory, 'none'), /does not exist/],
    ['a directory without manifest', () => directory, /has no manifest.json/],
    [
      'a template that is no JSON',
      () => write({ state: { template: '{' } }),
      /template of stack local-state cannot be read/,
    ],
    ['no stack', () => write({}), /holds no stack/],
  ])('refuses %s', (_what, make, message) => {
    const made = make();
    expect(() => loadAssembly(made)).toThrow(AssemblyError);
    expect(() => loadAssembly(made)).toThrow(message);
  });

  it('refuses a manifest of a schema that it does not know', () => {
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ version: '999.0.0', artifacts: {} }));
    expect(() => loadAssembly(directory)).toThrow(/999/);
  });

  it('refuses a template of another shape with its path', () => {
    write({ state: { template: { Resources: { Q: { Type: 5 } } } } });
    expect(() => loadAssembly(directory)).toThrow(
      'Template of stack local-state, Resources.Q.Type: expected string, got 5',
    );
  });

  it('refuses nested stacks and names them', () => {
    const nested = {
      Type: 'AWS::CloudFormation::Stack',
      Metadata: { 'aws:cdk:path': 'App/Inner.NestedStack' },
    };
    write({ state: { template: { Resources: { N: nested } } } });
    expect(() => loadAssembly(directory)).toThrow(NestedStackError);
    expect(() => loadAssembly(directory)).toThrow(/local-state\/App\/Inner.NestedStack/);
  });
});

describe('checkResourceTypes', () => {
  it('lists every resource of an unknown type over all stacks in one error', () => {
    const template = (path: string) => ({
      Resources: {
        Q: queue,
        T: { Type: 'AWS::SNS::Topic', Metadata: { 'aws:cdk:path': path } },
        M: { Type: 'AWS::MSK::Cluster' },
      },
    });
    const { stacks } = loadAssembly(
      write({ a: { template: template('a/T') }, b: { template: template('b/T') } }),
    );
    expect(() => checkResourceTypes(stacks, new Set(['AWS::SQS::Queue']))).toThrow(
      [
        'The local runtime has no provider for 2 resource types that the templates use:',
        '  - AWS::MSK::Cluster: local-a/M',
        '  - AWS::MSK::Cluster: local-b/M',
        '  - AWS::SNS::Topic: local-a/T (a/T)',
        '  - AWS::SNS::Topic: local-b/T (b/T)',
      ].join('\n'),
    );
    checkResourceTypes(stacks, new Set(['AWS::SQS::Queue', 'AWS::SNS::Topic', 'AWS::MSK::Cluster']));
  });
});

describe('planResources', () => {
  const plan = (resources: object, holds?: (condition: string) => boolean) =>
    planResources(
      's',
      parseTemplate('s', { Parameters: { P: { Type: 'String' } }, Resources: resources }),
      holds,
    );
  const uses = (expression: unknown) => ({ Type: 'T', Properties: { X: [expression] } });

  it('puts a resource after all that it refers to or depends on', () => {
    expect(
      plan({
        A: uses({ 'Fn::Sub': '${B.Arn}/${AWS::Region}/${P}/${!Z}' }),
        B: uses({ 'Fn::If': ['Any', { 'Fn::GetAtt': ['C', 'Arn'] }, 1] }),
        C: { Type: 'T', DependsOn: ['D'] },
        D: uses({ 'Fn::Sub': ['${V}', { V: { Ref: 'E' } }] }),
        E: uses({ Ref: 'P' }),
      }),
    ).toEqual(['E', 'D', 'C', 'B', 'A']);
  });

  it('keeps the template order where nothing else is asked', () => {
    expect(plan({ B: queue, A: queue, C: queue })).toEqual(['B', 'A', 'C']);
  });

  it('leaves out what a condition switches off', () => {
    const resources = {
      A: { Type: 'T', DependsOn: 'B' },
      B: { Type: 'T', Condition: 'No' },
      C: { Type: 'T', Condition: 'Yes' },
    };
    expect(plan(resources, (name) => name === 'Yes')).toEqual(['A', 'C']);
  });

  it('names a circle', () => {
    const resources = {
      Z: queue,
      A: uses({ Ref: 'B' }),
      B: { Type: 'T', DependsOn: 'C' },
      C: uses({ 'Fn::Sub': '${A}' }),
    };
    expect(() => plan(resources)).toThrow(ResourceCycleError);
    expect(() => plan(resources)).toThrow('A -> B -> C -> A');
  });

  it('names a reference to nothing', () => {
    expect(() => plan({ A: uses({ Ref: 'Q' }) })).toThrow(/resource A: refers to Q/);
    expect(() => plan({ A: { Type: 'T', DependsOn: 'Q' } })).toThrow(/resource A: refers to Q/);
  });
});
