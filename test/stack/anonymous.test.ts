import { type Holdfast, startHoldfast } from '../../local/kit';
import { Clients, collect, eventually } from '../support/clients';

let stack: Holdfast;
let clients: Clients;

beforeAll(async () => {
  stack = await startHoldfast({
    config: {
      auth: { anonymous: true },
      sendService: 'echo',
      namespaces: { lobby: { anonymous: true, publish: 'direct', presence: true } },
    },
  });
  clients = new Clients(stack);
}, 120_000);

afterEach(() => clients?.close());
afterAll(async () => {
  if (stack) await stack.stop();
});

describe('a stack that takes anonymous connections', () => {
  it('connects a client without a token, and opens to it what is open to everybody', async () => {
    const nobody = clients.custom({});
    nobody.connect();
    await nobody.ready(10_000);
    const seen = await collect(nobody, 'lobby:1');
    await nobody.publish('lobby:1', { n: 1 });
    await eventually('the publication', () => seen.length === 1);

    expect(seen[0]?.info).toMatchObject({ user: '', client: expect.any(String) });
    await expect(nobody.history('room:1')).rejects.toMatchObject({ code: 103 });
    await expect(nobody.rpc('echo.say', { text: 'hi' })).resolves.toMatchObject({
      data: { text: 'hi', user: '' },
    });
  });

  it('still refuses a token that is none', async () => {
    const client = clients.custom({ token: 'none' });
    const ended = new Promise<{ code: number }>((resolve) => client.on('disconnected', resolve));
    client.connect();
    expect(await ended).toMatchObject({ code: 3500 });
  });

  it('hands what clients send to the service that is named for it', async () => {
    const alice = await clients.connected('alice');
    const seen = await collect(alice, 'lobby:2');
    await alice.send({ channel: 'lobby:2', text: 'by the way' });
    await eventually('the publication of the service', () => seen.length === 1);
    expect(seen[0]?.data).toEqual({ text: 'by the way', user: 'alice' });
  });
});
