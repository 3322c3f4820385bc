import { POST_TIMEOUT_MS } from '../../../lambdas/gateway/core/adapters/aws/signed-poster';
import { FRAME_MS, REST_MS } from '../../../lambdas/gateway/core/commands/frame-time';
import { GAP_MS, LOCK_MS, TURN_MS } from '../../../lambdas/gateway/core/inbox/inbox';
import { good, hs256 } from './token-world';
import { ingressWorld } from './world';

const TEMPORARY = { code: 100, message: 'internal server error', temporary: true };
const ping = (id: number) => ({ id, ping: {} });
const subscribe = (id: number) => ({ id, subscribe: { channel: `room:${id}` } });
const rpc = (id: number) => ({ id, rpc: { method: 'echo.say' } });

const hanging = () => new Promise(() => undefined);
const delayed = (milliseconds: number, answer: unknown) => () =>
  new Promise((resolve, reject) => {
    setTimeout(() => (answer instanceof Error ? reject(answer) : resolve(answer)), milliseconds);
  });

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
});
afterEach(() => jest.useRealTimers());

/** Messages that were posted within a time, and whether the frame was done with by then. */
async function servedWithin(
  milliseconds: number,
  world: ReturnType<typeof ingressWorld>,
  ...commands: unknown[]
) {
  let done = false;
  void world.serve(...commands).then(() => {
    done = true;
  });
  await jest.advanceTimersByTimeAsync(milliseconds);
  const messages = world.frames.flatMap((frame) =>
    frame.split('\n').map((line) => JSON.parse(line) as unknown),
  );
  return { messages, done };
}

const refused = (id: number) => ({ id, error: TEMPORARY });

const ended = { push: { disconnect: { code: 3010, reason: 'insufficient state' } } };

describe('a frame', () => {
  it('is answered within 4.5 s where a script never answers', async () => {
    const world = ingressWorld();
    world.answers.set('hf1hold', hanging);
    const commands = [ping(1), ...[2, 3, 4, 5].map(subscribe)];
    expect((await servedWithin(4_500, world, ...commands)).messages).toEqual([
      ping(1),
      ...[2, 3, 4, 5].map(refused),
    ]);
  });

  it('waits for Redis no more after a time-out, and still publishes and answers pings', async () => {
    const world = ingressWorld();
    world.answers.set('hf1hold', delayed(3_000, new Error('time-out')));
    world.answers.set('hf1nextseq', hanging);
    const publish = { id: 5, publish: { channel: 'room:a', data: 1 } };
    const unsubscribe = { id: 6, unsubscribe: { channel: 'room:a' } };
    const { messages, done } = await servedWithin(
      3_100,
      world,
      subscribe(1),
      subscribe(2),
      rpc(3),
      ping(4),
      publish,
      unsubscribe,
    );
    // An unsubscribe that cannot be done has no other answer.
    expect(messages).toEqual([refused(1), refused(2), refused(3), ping(4), ended]);
    expect(done).toBe(true);
    expect(world.ran.filter((name) => name === 'hf1hold')).toHaveLength(2);
    expect(world.ran).not.toContain('hf1nextseq');
    expect(world.deliveries).toHaveLength(1);
  });

  it('begins no subscribe in its last second, which would end the connection if it came late', async () => {
    const world = ingressWorld();
    world.answers.set('hf1nextseq', delayed(3_200, 1));
    const { messages } = await servedWithin(3_500, world, rpc(1), subscribe(2), ping(3));
    expect(messages).toEqual([refused(2), ping(3)]);
    expect(world.ran).not.toContain('hf1hold');
  });

  it('goes on after a failure that took no time', async () => {
    const world = ingressWorld();
    world.answers.set('hf1hold', new Error('refused'));
    await servedWithin(10, world, subscribe(1), subscribe(2));
    expect(world.ran.filter((name) => name === 'hf1hold')).toHaveLength(2);
  });

  it('posts a reply without subscription before the next command once it is half a second old', async () => {
    const world = ingressWorld();
    let holds = 0;
    world.answers.set('hf1hold', () => (holds++ === 0 ? delayed(501, 'held')() : hanging()));
    const { messages } = await servedWithin(600, world, ping(1), subscribe(2), subscribe(3));
    expect(messages).toEqual([ping(1), expect.objectContaining({ id: 2, subscribe: expect.anything() })]);
  });

  it('does not hold replies back for an activation that hangs', async () => {
    const world = ingressWorld();
    world.answers.set('hf1hold', delayed(300, 'held'));
    world.answers.set('hf1activate', hanging);
    const { messages } = await servedWithin(4_500, world, subscribe(1), subscribe(2), subscribe(3), ping(4));
    expect(messages.map((message) => (message as { id: number }).id)).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ['subscribe', subscribe(1), 'hf1hold', 'held'],
    ['connect', { id: 1, connect: {} }, 'hf1connect', 'connected'],
  ])('ends a connection whose %s came true after the error', async (_, command, script, answer) => {
    const world = ingressWorld();
    world.answers.set('hf1enter', ['connected', 'alice', '', '1', '4000000000', '', '', 'run']);
    world.answers.set(script, delayed(5_000, answer));
    const { messages, done } = await servedWithin(6_000, world, command);
    expect(messages).toEqual([refused(1), ended]);
    expect(done).toBe(true);
  });

  it('keeps a connection whose connect failed for a while, whatever stands behind it', async () => {
    const world = ingressWorld('pending');
    world.failures.set('secret', new Error('away'));
    const { messages } = await servedWithin(
      10,
      world,
      { id: 1, connect: { token: hs256(good()) } },
      subscribe(2),
      ping(3),
    );
    expect(messages).toEqual([refused(1), refused(2), ping(3)]);
    expect(world.closed).toEqual([]);
  });

  it('ends in bounded time whatever hangs', async () => {
    const world = ingressWorld();
    world.answers.set('hf1hold', hanging);
    expect((await servedWithin(13_500, world, subscribe(1))).done).toBe(true);
  });
});

describe('subscribes that follow each other', () => {
  const ids = (messages: readonly unknown[]) => messages.map((message) => (message as { id: number }).id);

  it('are served at once, at most 16, and answered in their order', async () => {
    const world = ingressWorld();
    let running = 0;
    let most = 0;
    world.answers.set('hf1hold', async () => {
      most = Math.max(most, ++running);
      // The first of them ends last.
      await delayed(100 - world.ran.length, 'held')();
      running--;
      return 'held';
    });
    const commands = Array.from({ length: 40 }, (_, index) => subscribe(index + 1));
    const { messages, done } = await servedWithin(1_000, world, ...commands);
    expect(done).toBe(true);
    expect(ids(messages)).toEqual(commands.map(({ id }) => id));
    expect(most).toBe(16);
  });

  it.each([
    ['to one channel', { id: 2, subscribe: { channel: 'room:1' } }],
    ['with another command between', { id: 2, unsubscribe: { channel: 'room:9' } }],
  ])('%s wait for each other', async (_, second) => {
    const world = ingressWorld();
    world.answers.set('hf1hold', hanging);
    await servedWithin(100, world, subscribe(1), second, subscribe(3));
    expect(world.ran.filter((name) => name === 'hf1hold')).toHaveLength(1);
    expect(world.ran).not.toContain('hf1leavechannel');
  });
});

describe('time limits', () => {
  // The functions' own, in lib/constructs/gateway-functions.ts.
  const FUNCTION_MS = 15_000;

  it('let a lock outlast the frame that it is for, and end while others look', () => {
    expect(LOCK_MS).toBeGreaterThan(FRAME_MS + POST_TIMEOUT_MS);
    expect(LOCK_MS).toBeLessThan(TURN_MS);
    expect(GAP_MS).toBeLessThan(FRAME_MS);
  });

  it('let the last frame that an invocation begins end before its function does', () => {
    expect(TURN_MS + FRAME_MS + POST_TIMEOUT_MS).toBeLessThan(FUNCTION_MS);
    expect(REST_MS).toBeLessThan(FUNCTION_MS);
  });
});
