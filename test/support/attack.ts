import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Abusers } from './abuse';
import type { Target } from './target';

/**
 * Begins to abuse a target, by so many sockets of a process of its own: what they send takes nothing of the loop that measures or
 * checks. What is answered ends it, and says what came of it.
 */
export function attack(target: Target, sockets: number): () => Promise<Abusers['counts']> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'attackers.ts'), JSON.stringify(target), String(sockets)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  return async () => {
    child.stdin.end();
    const [counts] = await Promise.all([text(child.stdout), ended]);
    return JSON.parse(counts) as Abusers['counts'];
  };
}
