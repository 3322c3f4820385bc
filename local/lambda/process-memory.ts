import { readFileSync } from 'node:fs';

/** Bytes. */
export interface ProcessMemory {
  readonly resident: number;
  /** The most that it was. */
  readonly peak: number;
}

/** Memory of a process; undefined where it is gone, or where the system has no `/proc`. */
export function memoryOf(pid: number): ProcessMemory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return { resident: bytesOf(status, 'VmRSS:'), peak: bytesOf(status, 'VmHWM:') };
  } catch {
    return undefined;
  }
}

/** `VmRSS:     1234 kB` */
function bytesOf(status: string, name: string): number {
  const at = status.indexOf(name);
  return at < 0 ? 0 : Number.parseInt(status.slice(at + name.length), 10) * 1024;
}
