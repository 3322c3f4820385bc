import { SignJWT } from 'jose';
import { Ingress } from '../../lambdas/gateway/core/commands/ingress';
import { type Frame, placeOf } from '../../lambdas/gateway/core/inbox/inbox';
import { inboxKey } from '../../lambdas/gateway/core/keys';
import type { Clock } from '../../lambdas/gateway/core/ports';
import { parseFrame } from '../../lambdas/gateway/core/protocol/parse-frame';
import { operatorRedis } from '../support/redis';
import { secretTokens } from '../support/secret-tokens';
import { UNLIMITED } from '../support/unlimited';
import { gatewayWorld, unique } from './gateway-world';

const SECRET = new TextEncoder().encode('a secret of the tests, thirty-two bytes long');

/** How much faster than the wall the clock runs by which a frame's wait is measured. */
const SPEED = 10;

export const text = (...commands: unknown[]) => commands.map((command) => JSON.stringify(command)).join('\n');
export const ping = (id: number) => ({ id, ping: {} });
export const subscribe = (id: number, channel = unique('room:')) => ({ id, subscribe: { channel } });
export const unsubscribe = (id: number, channel: string) => ({ id, unsubscribe: { channel } });
export const publish = (id: number) => ({ id, publish: { channel: 'room:a', data: id } });

/** A frame as ingress hands it to the inbox; `at` in epoch ms. */
export function frameOf(text: string, at: number): Frame {
  const parsed = parseFrame(text);
  const commands = parsed.ok ? parsed.commands : [];
  return { ...placeOf(commands), text, commands, at };
}

/** Connections whose frames are served by as many sandboxes as a test makes, on one Redis. */
export async function inboxWorld() {
  const world = gatewayWorld();
  const operator = operatorRedis();
  const lines: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const token = await new SignJWT({ sub: 'alice', exp: Date.now() / 1000 + 3_600 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(SECRET);
  const begunAt = Date.now();
  const fastClock: Clock = {
    now: () => begunAt + (Date.now() - begunAt) * SPEED,
    sleep: (milliseconds, signal) => world.clock.sleep(milliseconds / SPEED, signal),
  };
  const soon = (milliseconds = 40) => world.clock.sleep(milliseconds);
  return {
    ...world,
    operator,
    lines,
    secret: SECRET,
    fastClock,
    soon,
    /** A sandbox, with other parts where a test says so. */
    sandbox(changes: Partial<ConstructorParameters<typeof Ingress>[0]> = {}) {
      return new Ingress({
        ...world,
        checkup: { run: async () => undefined },
        bus: { put: async () => undefined },
        deliveries: {
          send: async (delivery) => {
            world.deliveries.push(delivery);
          },
        },
        tokens: secretTokens(async () => SECRET),
        userChannel: false,
        ...UNLIMITED,
        rpcTimeoutMs: 10_000,
        log: (_, message, fields = {}) => {
          lines.push({ message, fields });
        },
        ...changes,
      });
    },
    connect: (id: number) => ({ id, connect: { token } }),
    /** A connection whose token comes in its connect command. */
    async pending() {
      const id = unique('c');
      await world.connections.open(id, undefined);
      return id;
    },
    /** Until as many frames wait in the inbox. */
    async waiting(connection: string, frames: number) {
      while ((await operator.hlen(inboxKey(connection))) < frames + 1) await soon(5);
    },
    ids: (connection: string) => world.poster.messages(connection).map(({ id }) => id),
    /** Codes of the disconnect pushes that a connection got. */
    disconnects: (connection: string) =>
      world.poster.messages(connection).flatMap(({ push }) => {
        const { disconnect } = (push ?? {}) as { disconnect?: { code: number } };
        return disconnect ? [disconnect.code] : [];
      }),
    /** Why connections were ended, as the log says. */
    reasons: () =>
      lines.filter(({ message }) => message === 'connection refused').map(({ fields }) => fields['reason']),
    async end() {
      await world.scripts.disconnect();
      operator.disconnect();
    },
  };
}
