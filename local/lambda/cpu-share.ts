import { writeFileSync } from 'node:fs';
import os from 'node:os';

const LAST = 19;

/**
 * Nice value of a function's sandbox by its place: 0, 1, 3, 6, 10, 15, then 19. Two sandboxes that take turns weigh alike, and all of
 * a function together weigh less than three: its load takes little CPU from others, as between the virtual machines of AWS.
 * It only ever rises for a process, which needs no rights.
 */
export function niceOf(place: number): number {
  return Math.min(LAST, (place * (place + 1)) / 2);
}

/** Lowers a process's share of the CPU. Where the system does not let it, the process keeps its share. */
export function yieldCpu(pid: number, nice: number): void {
  attempt(() => os.setPriority(pid, nice));
  // Linux weighs sessions before processes where it groups them by itself, and every sandbox is one of its own.
  if (process.platform === 'linux') attempt(() => writeFileSync(`/proc/${pid}/autogroup`, String(nice)));
}

function attempt(change: () => void): void {
  try {
    change();
  } catch {
    // It has ended already, or the kernel has no such file.
  }
}
