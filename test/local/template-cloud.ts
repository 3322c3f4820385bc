import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCloud } from '../../local/cloud';
import { findPortBlock } from '../../local/command/port-block';
import { createStacks } from '../../local/stacks';

const HASH = 'a'.repeat(64);

export const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });

/** A statement that allows something. */
export const allow = (Action: string | string[], Resource: unknown, more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});

/** A role that a service may take on. */
export const role = (statements: readonly object[], service = 'lambda.amazonaws.com') => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    },
    Policies: [{ PolicyName: 'p', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
  },
});

export const LOGS = allow(['logs:CreateLogStream', 'logs:PutLogEvents'], '*');

/** A function that prints its event and returns it; one with an event that has `fail` throws. */
export const lambda = (name: string, roleId: string, more: object = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    FunctionName: name,
    Code: { S3Bucket: 'assets', S3Key: `${HASH}.zip` },
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Role: arnOf(roleId),
    ...more,
  },
});

const CODE = `exports.handler = async (event) => {
  console.log(JSON.stringify(event));
  if (event.fail) throw new Error('as asked');
  return { statusCode: 200, body: 'ok' };
};`;

export interface TemplateCloud {
  readonly cloud: LocalCloud;
  readonly websocketUrl: string;
  readonly serverApiUrl: string;
  /** What functions printed, as `name: line`. */
  readonly lines: string[];
  readonly warnings: string[];
  close(): Promise<void>;
}

/**
 * Runs the resources of a template. Rejects as `npm start` would.
 * @param code of the functions that `lambda` makes
 */
export async function runTemplate(resources: object, basePort: number, code = CODE): Promise<TemplateCloud> {
  const directory = mkdtempSync(join(tmpdir(), 'template-cloud-'));
  writeAssembly(directory, resources);
  writeFileSync(join(directory, `asset.${HASH}`, 'index.js'), code);
  const ports = await findPortBlock(basePort);
  const lines: string[] = [];
  const warnings: string[] = [];
  const cloud = new LocalCloud({
    region: 'us-east-1',
    ports,
    log: {
      output: (name, line) => lines.push(`${name}: ${line}`),
      warn: (source, message) => warnings.push(`${source}: ${message}`),
    },
    redisBinary: new Promise(() => undefined),
    redisDirectory: directory,
  });
  const close = async () => {
    await cloud.close();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await cloud.listen();
    await createStacks([directory], cloud);
    await cloud.begin();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    cloud,
    websocketUrl: `ws://127.0.0.1:${ports.websocket}`,
    serverApiUrl: `http://127.0.0.1:${ports.serverApi}`,
    lines,
    warnings,
    close,
  };
}

/** Writes an assembly of one stack. */
export function writeAssembly(directory: string, resources: object, stack = 'app', parameters = {}): void {
  const write = (name: string, content: object) =>
    writeFileSync(join(directory, name), JSON.stringify(content));
  mkdirSync(join(directory, `asset.${HASH}`));
  writeFileSync(join(directory, `asset.${HASH}`, 'index.js'), CODE);
  write('app.template.json', { Resources: resources, Parameters: parameters });
  write('app.assets.json', {
    version: '43.0.0',
    files: {
      [HASH]: {
        source: { path: `asset.${HASH}`, packaging: 'zip' },
        destinations: { current: { bucketName: 'assets', objectKey: `${HASH}.zip` } },
      },
    },
  });
  write('manifest.json', {
    version: '43.0.0',
    artifacts: {
      'app.assets': { type: 'cdk:asset-manifest', properties: { file: 'app.assets.json' } },
      app: {
        type: 'aws:cloudformation:stack',
        environment: 'aws://unknown-account/unknown-region',
        properties: { templateFile: 'app.template.json', stackName: stack },
        dependencies: ['app.assets'],
      },
    },
  });
}
