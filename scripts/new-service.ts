import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GATEWAY_SERVICE, SERVICE_NAME } from '../lambdas/contract/registry';
import { loadConfig } from '../lib/config';

/** `npm run new:service -- poll`: a service that runs on the next `npm start`, with a test that passes. */

/** A service cannot be made under this name. */
export class NewServiceError extends Error {
  override readonly name = 'NewServiceError';
}

const README = join('lambdas', 'services', 'README.md');

function handlerOf(name: string): string {
  return `import * as v from 'valibot';
import { defineService, RpcError } from '../../service-sdk';

const room = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,50}$/, 'expected 1 to 50 of a-z, 0-9 and -'));
const text = v.pipe(v.string(), v.nonEmpty('expected at least 1 character, got none'), v.maxLength(1000));

/**
 * \`${name}.hello {text}\` answers its caller; \`${name}.tell {room, text}\` tells everybody on the channel \`${name}:<room>\`, and
 * answers once they can have it.
 */
export const handler = defineService({
  name: '${name}',
  rpc: {
    hello: {
      input: v.object({ text }),
      handle: ({ data, user }) => ({ text: data.text, user }),
    },
    tell: {
      input: v.object({ room, text }),
      handle: ({ data, user, publish }) => {
        if (user === '') throw new RpcError(400, 'expected a user, got an anonymous connection');
        return publish(\`${name}:\${data.room}\`, { text: data.text, user }, { replyWithOffset: {} });
      },
    },
  },
});
`;
}

function infraOf(name: string): string {
  const constant = name.replace(/-+([a-z0-9]?)/g, (_, letter: string) => letter.toUpperCase());
  return `import type { ServiceDefinition } from '../../../lib/service-definition';
import { DEFAULT_RULES } from '../../contract/registry';

const ${constant}Service: ServiceDefinition = {
  methods: ['hello', 'tell'],
  namespaces: {
    // Who is connected may subscribe; nobody but the service publishes.
    ${/-/.test(name) ? `'${name}'` : name}: { ...DEFAULT_RULES, historySize: 100, recover: true },
  },
};

export default ${constant}Service;
`;
}

function testOf(name: string): string {
  return `import { TestService } from '../../../lambdas/service-sdk/testing';
import { handler } from '../../../lambdas/services/${name}/handler';

const service = new TestService(handler);

it('answers its caller', async () => {
  const { replies } = await service.rpc('hello', { text: 'hi' });
  expect(replies).toEqual([{ id: 1, rpc: { data: { text: 'hi', user: 'alice' } } }]);
});

it('tells a room, whose courier answers', async () => {
  const { replies, publications } = await service.rpc('tell', { room: '1', text: 'hi' });
  expect(publications).toMatchObject([{ channel: '${name}:1', data: { text: 'hi', user: 'alice' } }]);
  expect(replies).toEqual([]);
});

it.each([
  ['no text', 'hello', {}],
  ['a room with a space', 'tell', { room: 'a b', text: 'hi' }],
])('refuses %s with error 107', async (_, method, data) => {
  const { replies, publications } = await service.rpc(method, data);
  expect(replies).toMatchObject([{ error: { code: 107 } }]);
  expect(publications).toEqual([]);
});

it('tells nothing of an anonymous connection', async () => {
  const { replies, publications } = await service.rpc('tell', { room: '1', text: 'hi' }, { user: '' });
  expect(replies).toMatchObject([{ error: { code: 400 } }]);
  expect(publications).toEqual([]);
});
`;
}

function checkName(root: string, name: string): void {
  if (!SERVICE_NAME.test(name) || name === GATEWAY_SERVICE) {
    throw new NewServiceError(
      `name: expected ${SERVICE_NAME.source} other than ${GATEWAY_SERVICE}, got ${JSON.stringify(name)}`,
    );
  }
  if (existsSync(join(root, 'lambdas', 'services', name))) {
    throw new NewServiceError(`name: expected a new one, got ${name}, which is there`);
  }
  if (name in loadConfig({ environment: 'dev' }).namespaces) {
    throw new NewServiceError(`name: expected one that is no namespace of the gateway, got ${name}`);
  }
}

/**
 * Writes the files of a service: handler, infra, test, and its line in the list of services.
 * @returns their paths, relative to `root`
 * @throws NewServiceError before anything is written
 */
export function newService(root: string, name: string): readonly string[] {
  checkName(root, name);
  const files: Readonly<Record<string, string>> = {
    [join('lambdas', 'services', name, 'handler.ts')]: handlerOf(name),
    [join('lambdas', 'services', name, 'infra.ts')]: infraOf(name),
    [join('test', 'unit', name, 'handler.test.ts')]: testOf(name),
    [README]: `${readFileSync(join(root, README), 'utf8').trimEnd()}\n${lineOf(name)}\n`,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return Object.keys(files);
}

function lineOf(name: string): string {
  return `| [${name}](${name}/handler.ts) | \`${name}.hello {text}\`, \`${name}.tell {room, text}\` |`;
}

function main(): void {
  const [name = ''] = process.argv.slice(2);
  try {
    for (const path of newService(process.cwd(), name)) console.log(path);
    console.log(`\nnpx jest --selectProjects unit --testPathPatterns ${name}/handler\nnpm start`);
  } catch (error) {
    if (!(error instanceof NewServiceError)) throw error;
    console.error(`${error.message}; npm run new:service -- NAME`);
    process.exitCode = 1;
  }
}

if (require.main === module) main();
