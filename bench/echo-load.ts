import WebSocket from 'ws';

/** Echoes over so many connections, one message in flight on each, for so long. Milliseconds of every round trip. */
export async function echoes(url: string, connections: number, seconds: number): Promise<number[]> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(url)));
  const until = Date.now() + seconds * 1000;
  try {
    return (await Promise.all(sockets.map((socket) => echo(socket, until)))).flat();
  } finally {
    for (const socket of sockets) socket.terminate();
  }
}

function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** A message that is not back within this is no echo: another is sent. */
const LOST_MS = 3_000;

function echo(socket: WebSocket, until: number): Promise<number[]> {
  const samples: number[] = [];
  const text = JSON.stringify({ text: 'x'.repeat(64) });
  return new Promise((resolve, reject) => {
    let sent = 0;
    let lost: NodeJS.Timeout | undefined;
    const send = () => {
      clearTimeout(lost);
      if (Date.now() >= until) {
        resolve(samples);
        return;
      }
      sent = performance.now();
      lost = setTimeout(send, LOST_MS);
      socket.send(text);
    };
    socket.on('message', () => {
      samples.push(performance.now() - sent);
      send();
    });
    socket.once('close', () => reject(new Error('expected an open socket, got its end')));
    send();
  });
}
