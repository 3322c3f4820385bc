#!/usr/bin/env node
import { join } from 'node:path';
import { JsonOutput } from './command/json-output';
import { readOptions, USAGE, UsageError } from './command/options';
import { onlyOf } from './command/output';
import { start } from './command/start';
import { TextOutput } from './command/text-output';

/** Whoever presses Ctrl-C waits no longer than five seconds; processes that outlive us are ended by their watchers. */
const END_LIMIT_MS = 4_500;

const streams = {
  out: (line: string) => void process.stdout.write(`${line}\n`),
  error: (line: string) => void process.stderr.write(`${line}\n`),
};

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.cwd());
  if (options === 'help') {
    streams.out(USAGE);
    return;
  }
  const output = onlyOf(options.logs, options.json ? new JsonOutput(streams) : new TextOutput(streams));
  const endings: (() => unknown)[] = [];
  let ending: Promise<void> | undefined;
  const end = (code: number): Promise<void> => {
    ending ??= (async () => {
      setTimeout(() => process.exit(code || 1), END_LIMIT_MS).unref();
      for (const each of endings.reverse()) await each();
      process.exit(code);
    })();
    return ending;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!ending) output.say('\nHoldfast ends.');
      void end(0);
    });
  }
  // With the process that has started it as a child, however that ended.
  process.once('disconnect', () => void end(0));
  try {
    await start({ root: join(__dirname, '..'), options, output, endings });
  } catch (error) {
    // Ctrl-C during the start makes parts of it fail; that is no news.
    if (ending) return ending;
    output.failed(error instanceof Error ? error.message : String(error));
    await end(error instanceof UsageError ? 2 : 1);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
