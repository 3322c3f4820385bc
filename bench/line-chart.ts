export interface Line {
  readonly name: string;
  /** From the lowest x on. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  /** What the axes are. */
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
}

const [WIDTH, HEIGHT] = [720, 420];
const [LEFT, RIGHT, TOP, BOTTOM] = [80, 20, 50, 110];
const TICKS = 5;

/** Distinguishable also without red or green. */
const COLOURS = ['#0072b2', '#e69f00', '#cc79a7', '#009e73', '#56b4e9', '#d55e00'];
const DASHES = ['', '8 4', '2 4', '10 3 2 3', '4 2', '1 3'];

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** The next of 1, 2 and 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10);
}

/** An SVG of lines over a logarithmic x axis and a linear y axis from 0. */
export function lineChart({ title, x, y, lines }: LineChart): string {
  const all = lines.flatMap(({ points }) => points);
  const xs = [...new Set(all.map(([value]) => value))].sort((a, b) => a - b);
  const [least = 1, most = 1] = [xs[0], xs.at(-1)];
  const step = roundUp(Math.max(...all.map(([, value]) => value)) / TICKS);
  const top = step * TICKS;
  const atX = (value: number) =>
    LEFT + (Math.log(value / least) / Math.log(most / least || 1)) * (WIDTH - LEFT - RIGHT);
  const atY = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);

  const text = (atx: number, aty: number, anchor: string, content: string) =>
    `<text x="${atx.toFixed(1)}" y="${aty.toFixed(1)}" text-anchor="${anchor}">${escaped(content)}</text>`;
  const grid = Array.from({ length: TICKS + 1 }, (_, index) => index * step).flatMap((value) => [
    `<path d="M${LEFT} ${atY(value).toFixed(1)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
    text(LEFT - 8, atY(value) + 4, 'end', value.toLocaleString('en')),
  ]);
  const ticks = xs.map((value) => text(atX(value), HEIGHT - BOTTOM + 20, 'middle', String(value)));
  const drawn = lines.flatMap(({ name, points }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const dash = DASHES[index % DASHES.length];
    const path = points.map(([px, py]) => `${atX(px).toFixed(1)} ${atY(py).toFixed(1)}`).join('L');
    const style = `fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"`;
    const [legendX, legendY] = [LEFT + (index % 2) * 320, HEIGHT - 50 + Math.floor(index / 2) * 20];
    return [
      `<path d="M${path}" ${style}/>`,
      ...points.map(
        ([px, py]) =>
          `<circle cx="${atX(px).toFixed(1)}" cy="${atY(py).toFixed(1)}" r="3" fill="${colour}"/>`,
      ),
      `<path d="M${legendX} ${legendY - 4}h28" ${style}/>`,
      text(legendX + 34, legendY, 'start', name),
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
${[
  `<title>${escaped(title)}</title>`,
  `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
  `<g font-size="15">${text(WIDTH / 2, 24, 'middle', title)}</g>`,
  ...grid,
  ...ticks,
  text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - BOTTOM + 40, 'middle', x),
  text(LEFT - 8, TOP - 14, 'end', y),
  ...drawn,
].join('\n')}
</svg>
`;
}
