import { type ChildProcess, spawn } from 'node:child_process';

/** Reads `+ <group>` and `- <group>`; at the end of its input it kills the groups that are left. */
const SCRIPT = `
trap '' INT TERM HUP
groups=' '
while read -r sign group; do
  case "$sign" in
    +) groups="$groups$group " ;;
    -) case "$groups" in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0
`;

/**
 * Kills the process groups of all sandboxes when this process is gone, however it went: its end of the pipe closes
 * even on SIGKILL. A runtime that waits at the Runtime API notices by itself; one that is busy in a loop, or that is
 * written in another language, does not.
 */
export class OrphanReaper {
  #child: ChildProcess | undefined;

  add(group: number): void {
    this.#child ??= this.#start();
    this.#child.stdin?.write(`+ ${group}\n`);
  }

  remove(group: number): void {
    this.#child?.stdin?.write(`- ${group}\n`);
  }

  /** Kills what is still listed, then ends. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.stdin?.end();
    await ended;
  }

  #start(): ChildProcess {
    // A session of its own: a Ctrl-C in the terminal is for this process alone, which then ends things in order.
    const child = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    child.on('error', () => undefined);
    child.stdin?.on('error', () => undefined);
    child.unref();
    return child;
  }
}
