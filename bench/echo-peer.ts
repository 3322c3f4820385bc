import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CREDENTIALS } from './children';

const PACKAGES = ['serverless@3', 'serverless-offline@14'];
const PORTS = { websocket: 5301, http: 5300, lambda: 5302 };
const INSTALL_LIMIT_MS = 180_000;
const START_LIMIT_MS = 60_000;

/** As its documentation has it; isolated (each function in a worker) is its default. */
const SERVERLESS_YML = `service: peer
frameworkVersion: '3'
configValidationMode: off
provider:
  name: aws
  runtime: nodejs20.x
  websocketsApiRouteSelectionExpression: $request.body.action
  environment:
    CALLBACK_URL: http://localhost:${PORTS.websocket}
plugins:
  - serverless-offline
custom:
  serverless-offline:
    host: 127.0.0.1
    httpPort: ${PORTS.http}
    websocketPort: ${PORTS.websocket}
    lambdaPort: ${PORTS.lambda}
functions:
  echo:
    handler: echo-function.handler
    events:
      - websocket: $connect
      - websocket: $disconnect
      - websocket: $default
`;

/** Nothing of it may talk to anybody but us. */
const SILENT = {
  SLS_TELEMETRY_DISABLED: '1',
  SLS_TRACKING_DISABLED: '1',
  SLS_NOTIFICATIONS_MODE: 'off',
  SLS_INTERACTIVE_SETUP_ENABLE: '',
  https_proxy: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
};

/** Installs serverless-offline into a folder. @returns what is installed, for the report */
export function installPeer(directory: string, code: string): string {
  writeFileSync(join(directory, 'package.json'), '{"private":true}');
  writeFileSync(join(directory, 'serverless.yml'), SERVERLESS_YML);
  copyFileSync(code, join(directory, 'echo-function.js'));
  const options = ['--no-audit', '--no-fund', '--legacy-peer-deps', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', ['install', ...options, ...PACKAGES], {
    cwd: directory,
    timeout: INSTALL_LIMIT_MS,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const versionOf = (name: string) =>
    JSON.parse(readFileSync(join(directory, 'node_modules', name, 'package.json'), 'utf8')).version;
  return `serverless-offline ${versionOf('serverless-offline')} with serverless ${versionOf('serverless')}`;
}

export async function startPeer(
  directory: string,
): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const child = spawn(
    process.execPath,
    [join(directory, 'node_modules/serverless/bin/serverless.js'), 'offline', 'start'],
    {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory, ...CREDENTIALS, ...SILENT },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      said.push(data.toString());
      if (said.length > 100) said.shift();
    });
  }
  const started = Date.now();
  while (!(await answers(PORTS.websocket))) {
    if (child.exitCode !== null || Date.now() - started > START_LIMIT_MS) {
      child.kill('SIGKILL');
      throw new Error(`serverless-offline did not start: ${said.join('')}`);
    }
    await sleep(100);
  }
  return { url: `ws://127.0.0.1:${PORTS.websocket}`, child };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
