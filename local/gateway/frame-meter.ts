/** Why a client's frame is not accepted, with the close code that says so. */
export interface FrameViolation {
  readonly code: 1003 | 1009;
  /** Index, from 0, of the first message that must not be delivered any more. */
  readonly firstRefusedMessage: number;
}

const FIN = 0x80;
const MASKED = 0x80;
const BINARY = 0x2;
const FIRST_CONTROL = 0x8;

/**
 * Reads the headers of a client's frames (RFC 6455, 5.2) as the bytes pass by.
 *
 * `ws` joins the fragments of a message and shows the result only, but API Gateway limits the single frame as well:
 * three frames of 20 KB make a good message, one frame of 40 KB does not.
 */
export class FrameMeter {
  readonly #frameBytes: number;
  /** Header bytes seen so far: at most 2 + 8 + 4. */
  readonly #header = Buffer.alloc(14);
  #headerLength = 0;
  #payloadLeft = 0;
  #messages = 0;
  #violation: FrameViolation | undefined;

  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes;
  }

  /** Takes the next bytes of the connection; answers the first violation in them, once. */
  read(chunk: Buffer): FrameViolation | undefined {
    let at = 0;
    while (at < chunk.length && !this.#violation) {
      if (this.#payloadLeft > 0) {
        const skipped = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= skipped;
        at += skipped;
        continue;
      }
      this.#header[this.#headerLength++] = chunk[at++] ?? 0;
      if (this.#headerLength === headerSize(this.#header, this.#headerLength)) {
        this.#headerLength = 0;
        this.#frame();
        if (this.#violation) return this.#violation;
      }
    }
    return undefined;
  }

  #frame(): void {
    const opcode = (this.#header[0] ?? 0) & 0x0f;
    this.#payloadLeft = payloadLength(this.#header);
    if (opcode >= FIRST_CONTROL) return;
    if (opcode === BINARY) this.#refuse(1003);
    else if (this.#payloadLeft > this.#frameBytes) this.#refuse(1009);
    else if (((this.#header[0] ?? 0) & FIN) !== 0) this.#messages++;
  }

  #refuse(code: FrameViolation['code']): void {
    this.#violation = { code, firstRefusedMessage: this.#messages };
  }
}

/** Size of the header that begins with these bytes; 2 until its length field is known. */
function headerSize(header: Buffer, known: number): number {
  if (known < 2) return 2;
  const second = header[1] ?? 0;
  const length = second & 0x7f;
  const extended = length === 127 ? 8 : length === 126 ? 2 : 0;
  return 2 + extended + ((second & MASKED) === 0 ? 0 : 4);
}

function payloadLength(header: Buffer): number {
  const length = (header[1] ?? 0) & 0x7f;
  if (length === 126) return header.readUInt16BE(2);
  if (length === 127) return Number(header.readBigUInt64BE(2));
  return length;
}
