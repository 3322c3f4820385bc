/** A path in the subset that EventBridge takes: `$.detail.items[0]['odd key']`. */
export type JsonPath = readonly (string | number)[];

const STEP = /\.([^.[\]\s'"]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;

/** @returns undefined for text that is no such path */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith('$')) return undefined;
  const steps: (string | number)[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text);
    if (match === null) return undefined;
    const [, name, index, single, double] = match;
    steps.push(index === undefined ? (name ?? unescaped(single ?? double ?? '')) : Number(index));
  }
  return steps;
}

/** The value at the path; undefined where there is none. */
export function valueAt(path: JsonPath, value: unknown): unknown {
  return path.reduce<unknown>((current, step) => {
    if (Array.isArray(current)) return typeof step === 'number' ? current[step] : undefined;
    if (typeof current !== 'object' || current === null) return undefined;
    const found = Object.entries(current).find(([key]) => key === String(step));
    return found?.[1];
  }, value);
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
