import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clients } from '../support/clients';
import { readTarget, tokenFor } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

interface LogLine {
  readonly level?: string;
  readonly message?: string;
  readonly [field: string]: unknown;
}

const readLog = () => readFileSync(target.logFile ?? '', 'utf8');

/** JSON lines of the gateway functions that were written while `act` ran, and everything that was printed. */
async function linesOf(act: () => Promise<void>): Promise<{ lines: LogLine[]; text: string }> {
  const before = readLog().length;
  await act();
  await sleep(300);
  const text = readLog().slice(before);
  const lines = text
    .split('\n')
    .map((line) => /^gateway-\w+\s*\| (\{.*\})$/.exec(line)?.[1])
    .filter((json) => json !== undefined)
    .map((json) => JSON.parse(json) as LogLine);
  return { lines, text };
}

type Socket = Awaited<ReturnType<Clients['raw']>>;

const SECRET_TEXT = 'do-not-log-this';

describe('a refusal', () => {
  const refusals: readonly [
    string,
    (socket: Awaited<ReturnType<Clients['raw']>>) => Promise<void>,
    boolean,
  ][] = [
    [
      'an expired token',
      async (socket) => {
        socket.send({ id: 1, connect: { token: await tokenFor(target, SECRET_TEXT, { ttlSeconds: -120 }) } });
      },
      false,
    ],
    [
      'a forged token',
      async (socket) => socket.send({ id: 1, connect: { token: `${SECRET_TEXT}.e30.x` } }),
      false,
    ],
    ['a frame that is not JSON', async (socket) => socket.send(`{${SECRET_TEXT}`), false],
    [
      'a command before connect',
      async (socket) => {
        socket.send({ id: 1, rpc: { method: 'echo.say', data: { text: SECRET_TEXT } } });
      },
      false,
    ],
    [
      'an unknown method',
      async (socket) => socket.send({ id: 1, rpc: { method: 'nobody.home', data: SECRET_TEXT } }),
      true,
    ],
  ];

  it.each(refusals)(
    'of %s leaves one line that says what was wrong, without the payload',
    async (_name, send, connected) => {
      const query = connected ? `?token=${await tokenFor(target, 'alice')}` : '';
      const { lines, text } = await linesOf(async () => {
        const socket = await clients.raw(query);
        await send(socket);
        await socket.next();
      });
      expect(lines.filter(({ level }) => level === 'warn' || level === 'info')).toHaveLength(1);
      const [line] = lines;
      expect(line).toMatchObject({ message: expect.any(String), reason: expect.any(String) });
      expect(text).not.toContain(SECRET_TEXT);
    },
  );

  it('of a handshake leaves one line as well', async () => {
    const { lines, text } = await linesOf(async () => {
      await expect(clients.raw(`?token=${SECRET_TEXT}.e30.x`)).rejects.toMatchObject({ status: 401 });
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ reason: expect.any(String) });
    expect(text).not.toContain(SECRET_TEXT);
  });

  it.each([
    ['a binary frame', '1003', (socket: Socket) => socket.sendBinary(Buffer.from(SECRET_TEXT))],
    ['a frame over 32 KB', '1009', (socket: Socket) => socket.send(SECRET_TEXT.repeat(3_000))],
  ])('of %s by the gateway itself leaves a line too', async (_name, code, send) => {
    const { text } = await linesOf(async () => {
      const socket = await clients.raw();
      send(socket);
      await socket.close();
    });
    expect(text.match(new RegExp(`closed with ${code}: expected .* got`, 'g'))).toHaveLength(1);
    expect(text).not.toContain(SECRET_TEXT);
  });

  it('of a URL that is too long, as with a token of 9 KB, leaves a line too', async () => {
    const { text } = await linesOf(async () => {
      await expect(clients.raw(`?token=${SECRET_TEXT.repeat(600)}`)).rejects.toMatchObject({ status: 414 });
    });
    expect(text).toMatch(/refused with 414: expected a URL of at most 4096 characters, got \d+/);
    expect(text).not.toContain(SECRET_TEXT);
  });
});
