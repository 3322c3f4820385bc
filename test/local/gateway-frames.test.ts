import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { FrameMeter } from '../../local/gateway/frame-meter';
import { rounds } from '../support/counts';
import { Client, eventually, startGateway, UPGRADE_REQUEST } from './gateway-fixture';

const KB = 1024;
let fixture: Awaited<ReturnType<typeof startGateway>>;

beforeEach(async () => {
  fixture = await startGateway();
});
afterEach(() => fixture.stop());

const bodies = (): number[] => fixture.invoker.of('default').map(({ body }) => body?.length ?? -1);
const status = () => fixture.invoker.of('disconnect')[0]?.requestContext['disconnectStatusCode'];

describe('the gateway', () => {
  it('takes a frame of exactly 32 KB (quotas page)', async () => {
    const client = await Client.open(fixture.url);
    client.socket.send('x'.repeat(32 * KB));
    await eventually(() => expect(bodies()).toEqual([32 * KB]));
  });

  it('closes 1009 for a frame of one byte more (react-use-websocket#134)', async () => {
    const client = await Client.open(fixture.url);
    client.socket.send('x'.repeat(32 * KB + 1));
    expect(await client.closed).toMatchObject({ code: 1009 });
    await eventually(() => expect(status()).toBe(1009));
    expect(bodies()).toEqual([]);
  });

  it('counts bytes, not characters', async () => {
    const client = await Client.open(fixture.url);
    client.socket.send('ä'.repeat(16 * KB + 1));
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  it('joins fragments that are small enough each', async () => {
    const client = await Client.open(fixture.url);
    const part = 'x'.repeat(20 * KB);
    for (const fin of [false, false, true]) client.socket.send(part, { fin });
    await eventually(() => expect(bodies()).toEqual([60 * KB]));
  });

  it('closes 1009 for one large fragment', async () => {
    const client = await Client.open(fixture.url);
    client.socket.send('x', { fin: false });
    client.socket.send('x'.repeat(33 * KB), { fin: true });
    expect(await client.closed).toMatchObject({ code: 1009 });
    expect(bodies()).toEqual([]);
  });

  it('takes a fragmented message of exactly 128 KB and closes 1009 for a larger one (quotas page)', async () => {
    const client = await Client.open(fixture.url);
    const part = 'x'.repeat(32 * KB);
    for (const fin of [false, false, false, true]) client.socket.send(part, { fin });
    await eventually(() => expect(bodies()).toEqual([128 * KB]));
    for (let at = 0; at < 4; at++) client.socket.send(part, { fin: false });
    client.socket.send('x', { fin: true });
    expect(await client.closed).toMatchObject({ code: 1009 });
    await eventually(() => expect(status()).toBe(1009));
    expect(bodies()).toEqual([128 * KB]);
  });

  it('closes 1003 for binary frames (developer guide, binary media types)', async () => {
    const client = await Client.open(fixture.url);
    client.socket.send(Buffer.from([1, 2, 3]));
    expect(await client.closed).toMatchObject({ code: 1003 });
    await eventually(() => expect(status()).toBe(1003));
    expect(bodies()).toEqual([]);
  });

  it('delivers what came before a bad frame, even in the same packet, and nothing after it', async () => {
    const raw = await rawConnection();
    raw.write(
      Buffer.concat([frame('first'), frame('second'), frame('x'.repeat(40 * KB)), frame('too late')]),
    );
    await new Promise((resolve) => raw.once('data', resolve));
    raw.destroy();
    await eventually(() => expect(status()).toBe(1009));
    expect(fixture.invoker.of('default').map(({ body }) => body)).toEqual(['first', 'second']);
  });
});

describe('the frame meter', () => {
  it('finds the same violation however the bytes are cut', () => {
    const sizes = fc.array(fc.constantFrom(0, 1, 125, 126, 127, 300, 1000, 1001, 70_000), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (payloads, cuts) => {
        const stream = Buffer.concat(payloads.map((size) => frame('x'.repeat(size))));
        const meter = new FrameMeter(1000);
        let found: ReturnType<FrameMeter['read']>;
        for (let at = 0, cut = 0; at < stream.length; cut++) {
          const size = cuts[cut % cuts.length] ?? 1;
          found ??= meter.read(stream.subarray(at, at + size));
          at += size;
        }
        const index = payloads.findIndex((size) => size > 1000);
        expect(found).toEqual(index < 0 ? undefined : { code: 1009, firstRefusedMessage: index });
      }),
      { numRuns: rounds(100, 2_000) },
    );
  });

  it('does not count control frames', () => {
    const meter = new FrameMeter(10);
    const stream = Buffer.concat([frame('a'), frame('ping', 0x9), frame('b'), frame('x'.repeat(11))]);
    expect(meter.read(stream)).toEqual({ code: 1009, firstRefusedMessage: 2 });
  });
});

function frame(text: string, opcode = 0x1): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const length = payload.length;
  const header =
    length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | length])
      : length < 65_536
        ? Buffer.from([0x80 | opcode, 0x80 | 126, length >> 8, length & 0xff])
        : Buffer.from([
            0x80 | opcode,
            0x80 | 127,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >> 16) & 0xff,
            (length >> 8) & 0xff,
            length & 0xff,
          ]);
  const masked = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([header, mask, masked]);
}

function rawConnection(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(fixture.port, '127.0.0.1', () => {
      socket.write(UPGRADE_REQUEST);
    });
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
  });
}
