import { strict as assert } from 'node:assert';
import type { RawSocket } from '../support/clients';

/** A reply or push takes well below a second; a machine that is busy gets this long. */
export const SOON_MS = 8_000;

export type Message = Record<string, unknown>;

/** The next message that has what is looked for; what comes before it is skipped. */
export async function nextWith(socket: RawSocket, member: string, timeoutMs = SOON_MS): Promise<Message> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const left = deadline - Date.now();
    if (left <= 0) throw new Error(`expected a message with ${member} within ${timeoutMs} ms`);
    const message = await socket.next(left);
    if (member in message) return message;
  }
}

/** The reply to a command, which is no error. */
export async function call(socket: RawSocket, id: number, command: object): Promise<Message> {
  socket.send({ id, ...command });
  for (;;) {
    const message = await nextWith(socket, 'id');
    if (message['id'] !== id) continue;
    assert.equal(message['error'], undefined);
    return message;
  }
}

/** A pushed publication of a channel. */
export async function publicationOf(socket: RawSocket): Promise<unknown> {
  for (;;) {
    const { push } = await nextWith(socket, 'push');
    const pub = (push as Message)['pub'];
    if (pub !== undefined) return (pub as Message)['data'];
  }
}

export const subscribe = (channel: string) => ({ subscribe: { channel } });
export const publish = (channel: string, data: object) => ({ publish: { channel, data } });
export const rpc = (method: string, data: object) => ({ rpc: { method, data } });
