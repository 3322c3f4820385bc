import { type AnswerBody, ChunkedBody, SizedBody } from './answer-body';

/** The first lines of an answer to a post: its status, and where the next answer begins. */
export interface AnswerHead {
  readonly status: number;
  /** Value of a header by its name in lower case; empty where it is absent. */
  readonly header: (name: string) => string;
  /** Characters of the head, and of what came before it. */
  readonly size: number;
  /** Undefined: its end is not said so plainly that another answer may be expected behind it. */
  readonly body: AnswerBody | undefined;
}

/** Heads of API Gateway have less than one KB. */
export const MOST_HEAD_BYTES = 16_384;

const END = '\r\n\r\n';
const STATUS_LINE = /^HTTP\/1\.1 (\d{3})(?: [^\r\n]*)?\r\n/;
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n/i;
const CHUNKED = /\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n/i;
/** More than one framing, a connection that ends, lines that go on: left to clients that know all of HTTP. */
const UNPLAIN =
  /\r\n(?:connection:[ \t]*close|[ \t]|(?:transfer-encoding|content-length):[^\r]*\r\n(?:[^\r]*\r\n)*?(?:transfer-encoding|content-length):)/i;

/** What is no answer of HTTP/1.1. */
export class AnswerHeadError extends Error {
  override readonly name = 'AnswerHeadError';
  readonly code = 'no answer of HTTP/1.1';
}

/**
 * Reads a head, interim ones before it passed over. `text` has the bytes as latin1. Undefined: its end has not come yet.
 * Throws AnswerHeadError.
 */
export function readAnswerHead(text: string): AnswerHead | undefined {
  for (let start = 0; ; ) {
    const end = text.indexOf(END, start);
    if (end < 0 && text.length - start <= MOST_HEAD_BYTES) return undefined;
    const head = text.slice(start, end + 2);
    const status = Number(STATUS_LINE.exec(head)?.[1] ?? 0);
    if (end < 0 || status < 100 || status === 101) throw new AnswerHeadError();
    start = end + END.length;
    if (status < 200) continue;
    return { status, header: (name) => headerOf(head, name), size: start, body: bodyOf(status, head) };
  }
}

function bodyOf(status: number, head: string): AnswerBody | undefined {
  if (UNPLAIN.test(head)) return undefined;
  if (status === 204 || status === 304) return new SizedBody(0);
  const length = CONTENT_LENGTH.exec(head)?.[1];
  if (length !== undefined) return new SizedBody(Number(length));
  return CHUNKED.test(head) ? new ChunkedBody() : undefined;
}

function headerOf(head: string, name: string): string {
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (line.slice(0, colon).toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return '';
}
