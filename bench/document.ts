import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(__dirname, '..', 'docs');

/** Replaces what stands between the markers of a bench in `docs/performance.md`. Throws where they are missing. */
export function writeSection(bench: string, text: string): void {
  const file = join(DOCS, 'performance.md');
  const [begin, end] = [`<!-- begin: npm run bench -- ${bench} --write -->`, '<!-- end -->'];
  const document = readFileSync(file, 'utf8');
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${file}: expected ${begin} and ${end}, got none`);
  writeFileSync(file, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
}

export function writeImage(name: string, svg: string): void {
  const images = join(DOCS, 'images');
  mkdirSync(images, { recursive: true });
  writeFileSync(join(images, name), svg);
}

/** A Markdown table with right-aligned columns behind the first. */
export function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = `|${head.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
