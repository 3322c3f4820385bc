import { LIMITS, type Limit } from '../lambdas/gateway/core/limits/limits';

/** The table of `docs/limits.md`, from the one in the code. */
export function limitsTable(limits: readonly Limit[] = Object.values(LIMITS)): string {
  const rows = limits.map(({ name, value, setting, reason, answer, metric, test }) => [
    name,
    setting === undefined ? value : `${value} (${code(setting)})`,
    reason,
    answer,
    metric === undefined ? '' : code(metric),
    code(test),
  ]);
  const head = ['limit', 'default', 'reason', 'what the client gets', 'metric', 'test'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** `limits.connectsPerSecond, limits.connectBurst` as two words of code. */
function code(text: string): string {
  return text
    .split(', ')
    .map((word) => `\`${word}\``)
    .join(', ');
}

// `npm run limits` prints it.
if (require.main === module) process.stdout.write(`${limitsTable()}\n`);
