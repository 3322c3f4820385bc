import { createHmac } from 'node:crypto';
import { Clients } from '../support/clients';
import { readTarget, tokenFor } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function jwt(header: object, claims: object, secret = 'not the secret'): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const soon = () => Math.floor(Date.now() / 1000) + 600;
const forged = () => jwt({ alg: 'HS256', typ: 'JWT' }, { sub: 'mallory', exp: soon() });
const unsigned = () => `${base64url({ alg: 'none' })}.${base64url({ sub: 'mallory', exp: soon() })}.`;

describe('a client without SDK', () => {
  it('passes its token at the handshake and calls at once', async () => {
    const socket = await clients.raw(`?token=${await tokenFor(target, 'alice')}`);
    socket.send('{"id":1,"rpc":{"method":"echo.say","data":{"text":"hi"}}}');
    expect(await socket.next()).toEqual({ id: 1, rpc: { data: { text: 'hi', user: 'alice' } } });
  });

  it('passes its token as a bearer and numbers its commands as it likes', async () => {
    const socket = await clients.raw('', {
      headers: { Authorization: `Bearer ${await tokenFor(target, 'bob')}` },
    });
    socket.send({ id: 900, rpc: { method: 'echo.say', data: { text: 'a' } } });
    expect(await socket.next()).toMatchObject({ id: 900, rpc: { data: { user: 'bob' } } });
    socket.send({ id: 7, ping: {} });
    expect(await socket.next()).toEqual({ id: 7, ping: {} });
  });

  it('subscribes and receives publications behind the reply', async () => {
    const channel = `room:raw-${Date.now()}`;
    const socket = await clients.raw(`?token=${await tokenFor(target, 'alice')}`);
    socket.send({ id: 1, subscribe: { channel } });
    expect(await socket.next()).toMatchObject({ id: 1, subscribe: { recoverable: true, positioned: true } });
    socket.send({ id: 2, publish: { channel, data: { n: 1 } } });
    const received = [await socket.next(), await socket.next()];
    expect(received).toContainEqual({ id: 2, publish: {} });
    expect(received).toContainEqual(
      expect.objectContaining({
        push: { channel, pub: expect.objectContaining({ offset: 1, data: { n: 1 } }) },
      }),
    );
  });

  it('sends several commands in a frame and gets each answered', async () => {
    const socket = await clients.raw();
    const token = await tokenFor(target, 'alice');
    socket.send(
      `{"id":1,"connect":{"token":"${token}"}}\n{"id":2,"ping":{}}\n{"id":3,"unsubscribe":{"channel":"room:1"}}`,
    );
    expect(await socket.next()).toMatchObject({ id: 1, connect: { client: expect.any(String) } });
    expect(await socket.next()).toEqual({ id: 2, ping: {} });
    expect(await socket.next()).toEqual({ id: 3, unsubscribe: {} });
  });
});

describe('the gateway refuses', () => {
  it('an expired token with error 109', async () => {
    const socket = await clients.raw();
    socket.send({ id: 1, connect: { token: await tokenFor(target, 'alice', { ttlSeconds: -120 }) } });
    expect(await socket.next()).toMatchObject({ id: 1, error: { code: 109 } });
  });

  it.each([
    ['forged', forged],
    ['unsigned (alg none)', unsigned],
    ['9 KB', () => jwt({ alg: 'HS256' }, { sub: 'x'.repeat(6_800), exp: soon() })],
    ['malformed', () => 'not.a.token'],
    ['empty', () => ''],
  ])('a %s token with disconnect 3500', async (_name, token) => {
    const socket = await clients.raw();
    socket.send({ id: 1, connect: { token: token() } });
    expect(await socket.next()).toMatchObject({ push: { disconnect: { code: 3500 } } });
    expect(await socket.close()).toBe(1000);
  });

  it.each([
    ['a frame that is not JSON', 'hello'],
    ['a broken second line', '{"id":1,"ping":{}}\n{"id":2,'],
    ['a command before connect', '{"id":1,"rpc":{"method":"echo.say","data":{"text":"hi"}}}'],
    ['an id of 0', '{"id":0,"connect":{}}'],
    ['an id that is no number', '{"id":"1","connect":{}}'],
    ['an array for a command', '[{"id":1}]'],
  ])('%s with disconnect 3501', async (_name, frame) => {
    const socket = await clients.raw();
    socket.send(frame);
    expect(await socket.next()).toMatchObject({ push: { disconnect: { code: 3501 } } });
    expect(await socket.close()).toBe(1000);
  });

  it.each([
    ['expired', async () => tokenFor(target, 'alice', { ttlSeconds: -120 })],
    ['forged', async () => forged()],
    ['unsigned', async () => unsigned()],
  ])('an %s token at the handshake with 401', async (_name, token) => {
    await expect(clients.raw(`?token=${await token()}`)).rejects.toMatchObject({ status: 401 });
  });

  it('a protobuf handshake with 400', async () => {
    await expect(clients.raw('', { protocols: ['centrifuge-protobuf'] })).rejects.toMatchObject({
      status: 400,
    });
  });

  it('a binary frame with close 1003', async () => {
    const socket = await clients.raw();
    socket.sendBinary(Buffer.from([1, 2, 3]));
    expect(await socket.close()).toBe(1003);
  });

  it('a frame over 32 KB with close 1009', async () => {
    const socket = await clients.raw(`?token=${await tokenFor(target, 'alice')}`);
    socket.send({ id: 1, rpc: { method: 'echo.say', data: { text: 'x'.repeat(33 * 1024) } } });
    expect(await socket.close()).toBe(1009);
  });

  it('an unknown method with 104, and goes on', async () => {
    const socket = await clients.raw(`?token=${await tokenFor(target, 'alice')}`);
    socket.send({ id: 1, rpc: { method: 'nobody.home', data: {} } });
    expect(await socket.next()).toMatchObject({ id: 1, error: { code: 104 } });
    socket.send({ id: 2, ping: {} });
    expect(await socket.next()).toEqual({ id: 2, ping: {} });
  });
});
