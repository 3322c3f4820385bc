import type { Readable } from 'node:stream';

/** A log event in CloudWatch has at most 256 KB; a process that never ends its line must not fill the memory. */
const MAX_LINE = 256 * 1024;

/** Reports a stream's text line by line; a last line without an end counts. */
export function readLines(stream: Readable, report: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) report(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (rest.length > MAX_LINE) {
      report(rest);
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') report(rest);
    rest = '';
  });
}
