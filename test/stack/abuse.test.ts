import { type Holdfast, startHoldfast } from '../../local/kit';
import { attack } from '../support/attack';
import { Clients } from '../support/clients';
import { Crowd } from '../support/crowd';

const HONEST = 20;
const ABUSIVE = 60;

/** One publication a second of each. */
const EVERY_MS = 1_000;
/** Functions start, one for each frame that comes meanwhile. */
const CALM_MS = 3_000;
/** Long enough that each flood is ended and is back, and each endless subscriber meets its limit. */
const ABUSE_MS = 9_000;

let stack: Holdfast;
let clients: Clients;

beforeAll(async () => {
  stack = await startHoldfast({
    // An endless subscriber, one channel a second, is over it after a few.
    config: { limits: { subscriptionsPerConnection: 4 } },
  });
  clients = new Clients(stack);
}, 120_000);

afterAll(async () => {
  clients?.close();
  if (stack) await stack.stop();
});

describe('20 honest clients beside 60 abusive sockets', () => {
  it('get every publication once and in order, and none is interrupted, while each abuse is answered', async () => {
    const crowd = await Crowd.of(clients, HONEST, 'honest');
    await crowd.talk(CALM_MS, EVERY_MS);
    const end = attack(stack, ABUSIVE);
    const talk = crowd.talk(ABUSE_MS, EVERY_MS);
    await Promise.allSettled([talk]);
    const counts = await end();
    await talk;

    expect([...crowd.interruptions, ...crowd.faults()]).toEqual([]);
    expect(counts.flood.codes).toMatchObject({ 111: expect.any(Number), 3013: expect.any(Number) });
    expect(counts.oversize.ended).toBeGreaterThan(0);
    expect(counts.subscribes.codes).toMatchObject({ 106: expect.any(Number) });
    expect(counts['bad token'].codes).toMatchObject({ 3500: expect.any(Number) });
  }, 90_000);
});
