import { Socket } from 'node:net';
import { IDLE_LIMIT_MS, IdleSockets } from '../../../../lambdas/gateway/core/adapters/aws/idle-sockets';

let now = 0;
let idle: IdleSockets;
beforeEach(() => {
  now = 1_000_000;
  idle = new IdleSockets(() => now);
});

/** A socket that nothing is connected to, open until it is destroyed. */
function openSocket(): Socket {
  const socket = new Socket();
  Object.defineProperty(socket, 'writable', { get: () => !socket.destroyed });
  return socket;
}

describe('idle sockets', () => {
  it('serve newest first', () => {
    const [one, two] = [openSocket(), openSocket()];
    idle.keep(one);
    idle.keep(two);
    expect([idle.take(), idle.take(), idle.take()]).toEqual([two, one, undefined]);
  });

  it('are passed over where they have ended', () => {
    const [one, two] = [openSocket(), openSocket()];
    idle.keep(one);
    idle.keep(two);
    two.destroy();
    expect(idle.take()).toBe(one);
  });

  it('serve at the limit of their age and are destroyed beyond it, with all that are older', () => {
    const [one, two] = [openSocket(), openSocket()];
    idle.keep(one);
    now += 10;
    idle.keep(two);
    now += IDLE_LIMIT_MS;
    expect(idle.take()).toBe(two);
    idle.keep(two);
    now += IDLE_LIMIT_MS + 1;
    expect(idle.take()).toBeUndefined();
    expect([one.destroyed, two.destroyed, idle.size]).toEqual([true, true, 0]);
  });

  it('are not kept for ever below those that go on serving', () => {
    const [one, two] = [openSocket(), openSocket()];
    idle.keep(one);
    now += IDLE_LIMIT_MS + 1;
    idle.keep(two);
    expect([one.destroyed, two.destroyed, idle.size]).toEqual([true, false, 1]);
  });

  it('are used for less long than a server of Node keeps them by default', () => {
    expect(IDLE_LIMIT_MS).toBeLessThan(5_000);
  });
});
