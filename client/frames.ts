/**
 * Payload of a frame that API Gateway takes from a client. It closes the connection with 1009 for a larger one, which
 * centrifuge-js takes as final: it never reconnects.
 */
export const GATEWAY_FRAME_BYTES = 32 * 1024;

/** A line is larger than a frame may be. */
export class FrameTooLargeError extends Error {
  override readonly name = 'FrameTooLargeError';
  readonly bytes: number;

  constructor(bytes: number) {
    super(`expected a command of at most ${GATEWAY_FRAME_BYTES} bytes, got ${bytes}`);
    this.bytes = bytes;
  }
}

const encoder = new TextEncoder();

/** Bytes of a text as a WebSocket sends it. */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}

/**
 * Packs lines into as few frames as their order allows, each of at most `maxFrameBytes`; a line that is larger gets a frame of
 * its own. The frames joined by newlines are the lines joined by newlines.
 */
export function packLines(lines: readonly string[], maxFrameBytes: number): string[] {
  const frames: string[][] = [];
  let room = 0;
  for (const line of lines) {
    const bytes = utf8Bytes(line) + 1;
    const frame = frames.at(-1);
    if (frame && bytes <= room) {
      frame.push(line);
      room -= bytes;
    } else {
      frames.push([line]);
      // The first line needs no newline before it.
      room = maxFrameBytes - (bytes - 1);
    }
  }
  return frames.map((frame) => frame.join('\n'));
}

/** What the client protocol calls a bad request; SDKs hand it to the caller and do not try again. */
const BAD_REQUEST = 107;

/**
 * The reply to a command that cannot be sent, as the server would give it.
 * @throws the error itself where the line has no id to answer
 */
export function refusal(line: string, error: FrameTooLargeError): string {
  const id = commandId(line);
  if (id === undefined) throw error;
  return JSON.stringify({ id, error: { code: BAD_REQUEST, message: error.message } });
}

function commandId(line: string): number | undefined {
  try {
    const command: unknown = JSON.parse(line);
    if (typeof command !== 'object' || command === null || !('id' in command)) return undefined;
    return typeof command.id === 'number' ? command.id : undefined;
  } catch {
    return undefined;
  }
}
