import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as commands from '@iovalkey/commands';
import { replaceFile } from '../../../lib/bundling/replace-file';
import createDebug from '../../../lib/bundling/silent-debug';
import { copyValkeyCommands, UnknownValkeyCommandError } from '../../../lib/bundling/valkey-commands';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-bundling-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A project whose Redis client knows these commands only. */
function project(table: object): string {
  const dist = join(directory, 'node_modules', '@iovalkey', 'commands');
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, 'index.js'), 'exports.table = require("./commands.json");');
  writeFileSync(join(dist, 'commands.json'), JSON.stringify(table));
  return directory;
}

const entryOf = (name: string) => ({
  arity: -2,
  flags: ['fast', 'readonly', 'write'].filter((flag) => commands.hasFlag(name, flag)),
});

describe('the copied table of commands', () => {
  it('has the commands that functions send as the client knows them, and no others', () => {
    const table = Object.fromEntries(commands.list.map((name) => [name, entryOf(name)]));
    const copy: { table: Record<string, object> } = require(copyValkeyCommands(project(table)));
    const names = Object.keys(copy.table);
    expect(names).toEqual(expect.arrayContaining(['auth', 'cluster', 'eval', 'evalsha', 'info', 'quit']));
    expect(names).not.toEqual(expect.arrayContaining(['get']));
    for (const name of names) expect(copy.table[name]).toEqual(entryOf(name));
  });

  it('is refused where the client has lost a command', () => {
    expect(() => copyValkeyCommands(project({ auth: {} }))).toThrow(UnknownValkeyCommandError);
  });
});

describe('what stands for assert', () => {
  const late: typeof import('node:assert') = require('../../../lib/bundling/late-assert.cjs');

  it('throws as assert does', () => {
    expect(() => late(0, 'zero')).toThrow('zero');
    expect(() => late.strictEqual('1', 1)).toThrow('strictly equal');
    expect(() => {
      late(1);
      late.strictEqual(1, 1);
    }).not.toThrow();
  });
});

it('what stands for debug says nothing', () => {
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const debug: (...words: unknown[]) => void = createDebug();
  debug('%s', 'AUTH secret');
  expect(createDebug().enabled).toBe(false);
  expect(write).not.toHaveBeenCalled();
  write.mockRestore();
});

it('a file keeps its time where nothing of it changes', () => {
  const path = join(directory, 'deep', 'file');
  replaceFile(path, 'one');
  utimesSync(path, 1, 1);
  replaceFile(path, 'one');
  expect(statSync(path).mtimeMs).toBe(1_000);
  replaceFile(path, 'two');
  expect(statSync(path).mtimeMs).toBeGreaterThan(1_000);
  expect(readFileSync(path, 'utf8')).toBe('two');
});
