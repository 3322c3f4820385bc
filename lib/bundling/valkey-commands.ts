import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from './replace-file';

const PACKAGE = '@iovalkey/commands';

/**
 * The commands that functions send: scripts, and what a client in cluster mode sends by itself to find its way. The client
 * makes four methods of each command that it knows, of all 241 before the first request can be served.
 */
const SENT = [
  'asking',
  'auth',
  'client',
  'cluster',
  'discard',
  'echo',
  'eval',
  'evalsha',
  'exec',
  'info',
  'multi',
  'ping',
  'psubscribe',
  'punsubscribe',
  'quit',
  'readonly',
  'script',
  'select',
  'ssubscribe',
  'subscribe',
  'sunsubscribe',
  'unsubscribe',
];

/** The client's table of commands lacks one that functions send. */
export class UnknownValkeyCommandError extends Error {
  override readonly name = 'UnknownValkeyCommandError';

  constructor(command: string) {
    super(`${PACKAGE}: expected the command ${command} in its table, got none`);
  }
}

/** Makes a copy of the client's table of commands, with those alone that functions send. Returns the copy's entry. */
export function copyValkeyCommands(root: string): string {
  const entry = require.resolve(PACKAGE, { paths: [root] });
  const all: Readonly<Record<string, unknown>> = JSON.parse(
    readFileSync(join(dirname(entry), 'commands.json'), 'utf8'),
  );
  const sent = SENT.map((command) => {
    if (!(command in all)) throw new UnknownValkeyCommandError(command);
    return [command, all[command]] as const;
  });
  const directory = join(root, 'build', 'valkey-commands');
  replaceFile(join(directory, 'commands.json'), JSON.stringify(Object.fromEntries(sent)));
  replaceFile(join(directory, 'index.js'), readFileSync(entry, 'utf8'));
  return join(directory, 'index.js');
}
