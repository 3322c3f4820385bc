import { once } from 'node:events';
import WebSocket from 'ws';
import {
  FrameTooLargeError,
  type HoldfastWebSocket,
  holdfastWebSocket,
  InvalidStateError,
  SocketCloseEvent,
  SocketErrorEvent,
  type SocketMessageEvent,
  TokenError,
  WebSocketMissingError,
} from '../../../client/websocket';
import { GatewayDouble } from './gateway-double';

let gateway: GatewayDouble;
const sockets: HoldfastWebSocket[] = [];
beforeEach(async () => {
  gateway = await GatewayDouble.start();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await gateway.stop();
});

type Options = Parameters<typeof holdfastWebSocket>[0];

function socketTo(url: string, options: Options = {}, protocols?: string | string[]): HoldfastWebSocket {
  const socket = new (holdfastWebSocket({ WebSocket, ...options }))(url, protocols);
  sockets.push(socket);
  return socket;
}

/** Names of the events of a socket in order; ends with its close. */
function history(socket: HoldfastWebSocket): Promise<readonly Event[]> {
  const events: Event[] = [];
  return new Promise((resolve) => {
    for (const type of ['open', 'message', 'error', 'close']) {
      socket.addEventListener(type, (event) => {
        events.push(event);
        if (type === 'close') resolve(events);
      });
    }
  });
}

const opened = (socket: HoldfastWebSocket) => once(socket, 'open');

describe('a token in the URL', () => {
  it.each([
    ['', '/local?connect=1&token=t.1'],
    ['?a=b%20c&d', '/local?a=b%20c&d&connect=1&token=t.1'],
    ['?token=old&a=1', '/local?a=1&connect=1&token=t.1'],
    ['?tokens=2', '/local?tokens=2&connect=1&token=t.1'],
  ])('joins the query %j', async (query, url) => {
    await opened(socketTo(gateway.url + query, { token: () => 't.1' }));
    expect(gateway.urls).toEqual([url]);
  });

  it('is encoded, and stays out of the url that the socket shows', async () => {
    const socket = socketTo(gateway.url, { token: async () => 'a&b=c d' });
    await opened(socket);
    expect(gateway.urls).toEqual(['/local?connect=1&token=a%26b%3Dc%20d']);
    expect(socket.url).toBe(gateway.url);
  });

  it('is a fresh one for each connection', async () => {
    let calls = 0;
    const options = { token: async () => `t${++calls}` };
    const Class = holdfastWebSocket({ WebSocket, ...options });
    for (let n = 0; n < 3; n++) {
      const socket = new Class(gateway.url);
      sockets.push(socket);
      await opened(socket);
    }
    expect(gateway.urls).toEqual([
      '/local?connect=1&token=t1',
      '/local?connect=1&token=t2',
      '/local?connect=1&token=t3',
    ]);
  });

  it.each<[string, () => string | Promise<string>, unknown]>([
    ['rejects', () => Promise.reject(new RangeError('no session')), new RangeError('no session')],
    [
      'throws',
      () => {
        throw new RangeError('no session');
      },
      new RangeError('no session'),
    ],
    ['answers an empty text', () => '', new TokenError('token: expected a text, got an empty one')],
    [
      'answers nothing',
      (async () => undefined) as unknown as () => Promise<string>,
      new TokenError('token: expected a text, got undefined'),
    ],
  ])('makes the socket fail to open where it %s', async (_name, token, cause) => {
    const socket = socketTo(gateway.url, { token });
    const handled: string[] = [];
    socket.onerror = () => handled.push('error');
    socket.onclose = ({ code, reason, wasClean }) => handled.push(`${code} ${reason} ${wasClean}`);
    expect(socket.readyState).toBe(0);

    const [error, close, ...more] = await history(socket);

    expect(error).toBeInstanceOf(SocketErrorEvent);
    expect((error as SocketErrorEvent).error).toEqual(cause);
    expect(close).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(more).toEqual([]);
    expect(handled).toEqual(['error', '1006  false']);
    expect(socket.readyState).toBe(3);
    expect(gateway.urls).toEqual([]);
  });
});

describe('a socket whose token is pending', () => {
  it('ends when it is closed, and opens nothing when the token comes after all', async () => {
    let give: (token: string) => void = () => undefined;
    const pending = new Promise<string>((resolve) => {
      give = resolve;
    });
    const socket = socketTo(gateway.url, { token: () => pending });
    const events = history(socket);
    socket.close();
    expect(socket.readyState).toBe(2);
    socket.close();

    expect((await events).map(({ type }) => type)).toEqual(['error', 'close']);
    expect(socket.readyState).toBe(3);
    give('late');
    // A connection that was opened now would reach the gateway before one that is opened next.
    await opened(socketTo(`${gateway.url}?next`));
    expect(gateway.urls).toEqual(['/local?next']);
  });

  it('ends once where the token fails after the close', async () => {
    let refuse: (cause: Error) => void = () => undefined;
    const pending = new Promise<string>((_resolve, reject) => {
      refuse = reject;
    });
    const socket = socketTo(gateway.url, { token: () => pending });
    const closes: Event[] = [];
    socket.addEventListener('close', (event) => closes.push(event));
    socket.close();
    refuse(new Error('offline'));
    await opened(socketTo(gateway.url));
    expect(closes).toHaveLength(1);
  });

  it('takes nothing to send while it connects, and drops what is sent after its end', async () => {
    const socket = socketTo(gateway.url, { token: () => new Promise<string>(() => undefined) });
    expect(() => socket.send('{}')).toThrow(InvalidStateError);
    expect(socket.bufferedAmount).toBe(0);
    const ended = history(socket);
    socket.close();
    await ended;
    expect(() => socket.send('{}')).not.toThrow();
  });
});

describe('the API of a browser WebSocket', () => {
  it('has the constants on class and instance', () => {
    const Class = holdfastWebSocket({ WebSocket });
    const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
    expect({ ...Class }).toMatchObject(states);
    expect(socketTo(gateway.url)).toMatchObject(states);
  });

  it.each([undefined, () => 't'])('passes protocols and binaryType on (token: %p)', async (token) => {
    const socket = socketTo(gateway.url, token ? { token } : {}, ['holdfast.v1']);
    socket.binaryType = 'arraybuffer';
    expect(socket.binaryType).toBe('arraybuffer');
    await opened(socket);
    expect(socket.protocol).toBe('holdfast.v1');
    expect(socket.binaryType).toBe('arraybuffer');
    expect(gateway.protocols).toEqual(['holdfast.v1']);
  });

  it('tells handlers and listeners of messages and of the close', async () => {
    const socket = socketTo(gateway.url);
    const events = history(socket);
    const handled: string[] = [];
    socket.onopen = () => socket.send('{"id":1,"connect":{}}');
    socket.onmessage = ({ data }) => {
      handled.push(String(data));
      gateway.cut(3012);
    };
    socket.onclose = ({ code }) => handled.push(String(code));

    const [open, message, close] = await events;

    expect(open?.type).toBe('open');
    expect((message as SocketMessageEvent).data).toBe('{"id":1,"connect":{"client":"c","version":"1"}}');
    expect(close).toBeInstanceOf(SocketCloseEvent);
    expect(close).toMatchObject({ code: 3012, wasClean: true });
    expect(handled).toEqual([(message as SocketMessageEvent).data, '3012']);
  });

  it('hands over the error of a connection that is refused', async () => {
    const port = new URL(gateway.url).port;
    await gateway.stop();
    const [error, close] = await history(socketTo(`ws://127.0.0.1:${port}/`, { token: () => 't' }));
    expect((error as SocketErrorEvent).error).toMatchObject({ code: 'ECONNREFUSED' });
    expect(close).toMatchObject({ code: 1006 });
    gateway = await GatewayDouble.start();
  });

  it('throws for a URL that is none', () => {
    expect(() => socketTo('no url')).toThrow(SyntaxError);
    expect(() => socketTo('no url', { token: () => 't' })).toThrow('Invalid URL');
  });

  it('passes anything but text on unchanged', async () => {
    const socket = socketTo(gateway.url);
    await opened(socket);
    const replied = once(socket, 'message');
    socket.send(Buffer.alloc(31_000, '\n'));
    socket.send('{"id":1,"rpc":{}}');
    await replied;
    expect(gateway.binaryFrames).toEqual([Buffer.alloc(31_000, '\n')]);
  });
});

describe('sending', () => {
  const command = (id: number, bytes: number) => {
    const shell = JSON.stringify({ id, rpc: { data: '' } });
    return JSON.stringify({ id, rpc: { data: 'x'.repeat(bytes - shell.length) } });
  };

  async function replies(socket: HoldfastWebSocket, count: number): Promise<unknown[]> {
    const lines: unknown[] = [];
    return new Promise((resolve) => {
      socket.onmessage = ({ data }) => {
        lines.push(
          ...String(data)
            .split('\n')
            .map((line) => JSON.parse(line)),
        );
        if (lines.length >= count) resolve(lines);
      };
    });
  }

  it('splits a text of 120 KB at newlines into frames of at most 30,000 bytes, in order', async () => {
    const socket = socketTo(gateway.url);
    await opened(socket);
    const text = Array.from({ length: 1000 }, (_, index) => command(index + 1, 120)).join('\n');
    const all = replies(socket, 1000);
    socket.send(text);
    await all;
    expect(gateway.frames.join('\n')).toBe(text);
    expect(gateway.frames).toHaveLength(5);
    expect(Math.max(...gateway.frames.map((frame) => Buffer.byteLength(frame)))).toBeLessThanOrEqual(30_000);
  });

  it('keeps to the limit that it is given', async () => {
    const socket = socketTo(gateway.url, { maxFrameBytes: 100 });
    await opened(socket);
    const all = replies(socket, 3);
    socket.send([command(1, 50), command(2, 49), command(3, 50)].join('\n'));
    await all;
    expect(gateway.frames.map((frame) => frame.length)).toEqual([100, 50]);
  });

  it('sends a single command of up to 32 KB alone, and answers a larger one itself', async () => {
    const socket = socketTo(gateway.url);
    await opened(socket);
    const all = replies(socket, 3);
    socket.send([command(1, 100), command(2, 32_768), command(3, 32_769)].join('\n'));
    expect(await all).toEqual(
      expect.arrayContaining([
        { id: 1, rpc: { data: 100 } },
        { id: 2, rpc: { data: 32_768 } },
        { id: 3, error: { code: 107, message: 'expected a command of at most 32768 bytes, got 32769' } },
      ]),
    );
    expect(socket.readyState).toBe(1);
  });

  it('throws for a command of that size without an id, and sends nothing of the text', async () => {
    const socket = socketTo(gateway.url);
    await opened(socket);
    const large = JSON.stringify({ send: { data: 'x'.repeat(40_000) } });
    expect(() => socket.send(`${command(1, 50)}\n${large}`)).toThrow(FrameTooLargeError);
    const all = replies(socket, 1);
    socket.send(command(2, 50));
    expect(await all).toEqual([{ id: 2, rpc: { data: 50 } }]);
  });
});

describe('the options', () => {
  it('take the WebSocket of the platform where none is given, and say what is missing', () => {
    const platform = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
    try {
      Object.defineProperty(globalThis, 'WebSocket', {
        value: undefined,
        configurable: true,
        writable: true,
      });
      expect(() => holdfastWebSocket()).toThrow(WebSocketMissingError);
      Object.defineProperty(globalThis, 'WebSocket', { value: WebSocket, configurable: true });
      const socket = new (holdfastWebSocket())(gateway.url);
      sockets.push(socket);
      expect(socket.readyState).toBe(0);
    } finally {
      if (platform) Object.defineProperty(globalThis, 'WebSocket', platform);
      else Reflect.deleteProperty(globalThis, 'WebSocket');
    }
  });

  it.each([0, 1.5, 32_769, Number.NaN])('refuse %p bytes for a frame', (maxFrameBytes) => {
    expect(() => holdfastWebSocket({ WebSocket, maxFrameBytes })).toThrow(
      `expected a whole number from 1 to 32768, got ${maxFrameBytes}`,
    );
  });
});
