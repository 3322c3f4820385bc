import type { JsonObject, JsonValue } from '../../../lambdas/contract/json';

/** A line of an example with what it says. */
export type Step =
  | { readonly kind: 'call'; readonly user: string; readonly method: string; readonly data: JsonObject }
  | { readonly kind: 'subscribe'; readonly user: string; readonly channel: string }
  | { readonly kind: 'publish'; readonly user: string; readonly channel: string; readonly data: JsonValue }
  | { readonly kind: 'reply'; readonly data: JsonValue }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'shown'; readonly user: string; readonly channel: string; readonly data: JsonValue };

const json = (text: string) => JSON.parse(text);

const FORMS: readonly (readonly [RegExp, (...parts: string[]) => Step])[] = [
  [/^(\w+)> subscribe (\S+)$/, (user, channel) => ({ kind: 'subscribe', user, channel })],
  [
    /^(\w+)> publish (\S+) (.+)$/,
    (user, channel, data) => ({ kind: 'publish', user, channel, data: json(data) }),
  ],
  [/^(\w+)> (\w+\.\w+) (.+)$/, (user, method, data) => ({ kind: 'call', user, method, data: json(data) })],
  [/^< error (\d+) ?(.*)$/, (code, message) => ({ kind: 'error', code: Number(code), message })],
  [/^< (.+)$/, (data) => ({ kind: 'reply', data: json(data) })],
  [/^(\w+): (\S+) (.+)$/, (user, channel, data) => ({ kind: 'shown', user, channel, data: json(data) })],
];

function stepOf(line: string): Step {
  for (const [form, make] of FORMS) {
    const match = form.exec(line);
    if (match) return make(...match.slice(1));
  }
  throw new Error(`expected a line of an example, got ${line}`);
}

/** The lines of all blocks of a language in a page, each changed before it is read. */
export function examplesIn(page: string, language: string, change: (line: string) => string): Step[] {
  const blocks = page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'));
  return [...blocks].flatMap(([, text = '']) => text.trim().split('\n')).map((line) => stepOf(change(line)));
}

/** What names with `$` stand for. */
export class Names {
  readonly #values = new Map<string, JsonValue>();

  /** Names in it replaced by their values. */
  fill<Value extends JsonValue>(value: Value): Value {
    return JSON.parse(
      JSON.stringify(value).replace(/"\$(\w+)"|\$(\w+)/g, (text, whole, part) => {
        const found = this.#values.get(whole ?? part);
        if (found === undefined) return text;
        return whole === undefined ? String(found) : JSON.stringify(found);
      }),
    );
  }

  /** What is expected, once names that are met for the first time have taken the values that came. */
  expected(pattern: JsonValue, got: JsonValue | undefined): JsonValue {
    this.#learn(pattern, got);
    return this.fill(pattern);
  }

  #learn(pattern: JsonValue, got: JsonValue | undefined): void {
    if (typeof pattern === 'string' && pattern.startsWith('$') && got !== undefined) {
      const name = pattern.slice(1);
      if (!this.#values.has(name)) this.#values.set(name, got);
    } else if (typeof pattern === 'object' && pattern !== null && typeof got === 'object' && got !== null) {
      const parts = new Map(Object.entries(got));
      for (const [key, part] of Object.entries(pattern)) this.#learn(part as JsonValue, parts.get(key));
    }
  }
}
