/** Finds the end of a body that nobody wants. Texts have the bytes as latin1. */
export interface AnswerBody {
  /**
   * Takes what came next, at first what stands behind the head. Answers how many bytes lie behind the end of the body;
   * undefined: it goes on. Throws AnswerBodyError.
   */
  take(text: string): number | undefined;
}

/** What is no body in chunks, or ends in headers. */
export class AnswerBodyError extends Error {
  override readonly name = 'AnswerBodyError';
}

/** A body whose size is known. */
export class SizedBody implements AnswerBody {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take({ length }: string): number | undefined {
    this.#left -= length;
    return this.#left > 0 ? undefined : -this.#left;
  }
}

const LINE_END = '\r\n';
const CHUNK_SIZE = /^([0-9a-f]{1,7})[ \t]*(?:;.*)?$/i;
const MOST_LINE_BYTES = 256;

/** A body in chunks: the size of each stands in a line before it. */
export class ChunkedBody implements AnswerBody {
  #text = '';
  /** Of the chunk that is passed over, its line end included. */
  #left = 0;

  take(text: string): number | undefined {
    this.#text += text;
    for (;;) {
      const passed = Math.min(this.#left, this.#text.length);
      this.#left -= passed;
      this.#text = this.#text.slice(passed);
      const end = this.#text.indexOf(LINE_END);
      if (end < 0 || this.#left > 0) return this.#wait();
      const size = Number.parseInt(CHUNK_SIZE.exec(this.#text.slice(0, end))?.[1] ?? 'none', 16);
      if (Number.isNaN(size)) throw new AnswerBodyError('expected the size of a chunk');
      const start = end + LINE_END.length;
      if (size === 0) return this.#last(start);
      this.#text = this.#text.slice(start);
      this.#left = size + LINE_END.length;
    }
  }

  #last(start: number): number | undefined {
    const behind = this.#text.slice(start, start + LINE_END.length);
    if (behind === LINE_END) return this.#text.length - start - LINE_END.length;
    if (LINE_END.startsWith(behind)) return undefined;
    throw new AnswerBodyError('expected nothing behind the last chunk');
  }

  #wait(): undefined {
    if (this.#text.length > MOST_LINE_BYTES) throw new AnswerBodyError('expected the end of a line');
  }
}
