/** Replies come within seconds: what is older than so many commands is awaited by nobody. */
const REMEMBERED = 4_096;

/** As centrifuge-js writes a message without an answer, and the id of a command: at the end. */
const SEND = '{"send":';
const ID_AT_END = /"id":(\d+)\}$/;
const ID_AT_START = /^\{"id":(\d+)(?=[,}])/;

/**
 * Numbers the commands of one connection anew, without gaps. Messages (`send`), which the SDK gives no id, get one as well: it is by
 * ids that the platform knows the order of frames that API Gateway hands over side by side. Replies get the SDK's ids back.
 */
export class CommandNumbers {
  #last = 0;
  /** The SDK's ids by those on the wire, from the first that differs; 0: a message, which nobody awaits an answer to. */
  readonly #own = new Map<number, number>();
  #firstOther: number | undefined;

  /** A line as it is to be sent. It counts once `sent` is called for it. */
  outgoing(line: string): { readonly line: string; readonly sent: () => void } {
    const own = line.startsWith(SEND) ? 0 : idOf(line);
    // Before its first command, a connection has no order, and a pong has no place in it.
    if (own === undefined || (own === 0 && this.#last === 0)) return { line, sent: () => undefined };
    const wire = this.#last === 0 ? own : this.#last + 1;
    const sent = () => this.#remember(wire, own);
    if (own === wire) return { line, sent };
    return { line: own === 0 ? `{"id":${wire},${line.slice(1)}` : withId(line, wire), sent };
  }

  /** A line that came, with the SDK's id; undefined where it answers nothing that the SDK knows of. */
  incoming(line: string): string | undefined {
    if (this.#firstOther === undefined || line.startsWith('{"push":')) return line;
    const wire = idOf(line);
    if (wire === undefined || wire < this.#firstOther) return line;
    const own = this.#own.get(wire);
    return own === undefined || own === 0 ? undefined : withId(line, own);
  }

  #remember(wire: number, own: number): void {
    this.#last = wire;
    if (own !== wire) this.#firstOther ??= wire;
    if (this.#firstOther === undefined) return;
    this.#own.set(wire, own);
    const [oldest] = this.#own.keys();
    if (this.#own.size > REMEMBERED && oldest !== undefined) this.#own.delete(oldest);
  }
}

function idOf(line: string): number | undefined {
  const [, digits] = ID_AT_END.exec(line) ?? ID_AT_START.exec(line) ?? [];
  if (digits !== undefined) return Number(digits);
  const value = objectOf(line);
  return typeof value?.['id'] === 'number' ? value['id'] : undefined;
}

function withId(line: string, id: number): string {
  if (ID_AT_END.test(line)) return line.replace(ID_AT_END, `"id":${id}}`);
  if (ID_AT_START.test(line)) return line.replace(ID_AT_START, `{"id":${id}`);
  return JSON.stringify({ ...objectOf(line), id });
}

function objectOf(line: string): { readonly [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
