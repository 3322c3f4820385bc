import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { type Target, tokenFor } from '../../test/support/target';

/** Something that public documentation leaves open and the local runtime answers by assumption. */
interface Question {
  readonly name: string;
  /** What the local runtime, and so the tests, take for granted. */
  readonly assumed: string;
  readonly ask: (target: Target) => Promise<string>;
}

const WAIT_MS = 5_000;
const BURST = 40;

const questions: readonly Question[] = [
  {
    name: 'A single frame of 40 KB from a client',
    assumed: 'close 1009',
    ask: (target) => outcomeOf(target, (socket) => socket.send('x'.repeat(40 * 1024))),
  },
  {
    name: 'A 40 KB message in frames of 20 KB',
    assumed: 'accepted: the gateway answers as to text that is not JSON',
    ask: (target) =>
      outcomeOf(target, (socket) => {
        socket.send('x'.repeat(20 * 1024), { fin: false });
        socket.send('x'.repeat(20 * 1024), { fin: true });
      }),
  },
  {
    name: 'A binary frame from a client',
    assumed: 'close 1003',
    ask: (target) => outcomeOf(target, (socket) => socket.send(Buffer.from([1, 2, 3]), { binary: true })),
  },
  {
    name: 'A URL of more than 4096 characters',
    assumed: 'status 414',
    ask: async ({ websocketUrl }) => handshake(`${websocketUrl}?padding=${'x'.repeat(4_200)}`),
  },
  {
    name: 'A handshake for a sub-protocol that $connect does not echo',
    assumed: 'status 101 without the header, so that ws clients fail it',
    ask: async ({ websocketUrl }) => handshake(websocketUrl, ['unknown-protocol']),
  },
  {
    name: `Whether ${BURST} frames sent at once on one connection are answered in order`,
    assumed: 'not necessarily: messages of a connection are handled at the same time',
    ask: orderOfReplies,
  },
  {
    name: 'The largest delay between two replies of that burst',
    assumed: 'no assumption; a cold start shows here',
    ask: gapInReplies,
  },
];

/** Questions that take an operator, time or load; the script names them and does not guess. */
const unanswered: readonly string[] = [
  'the frame that a throttled message gets (429): needs load above the stage throttle',
  'the frame after an integration time-out of 29 s: needs a function that hangs',
  "whether a client's WebSocket pings reset the 10-minute idle timer: needs 11 minutes",
  'the close code and reason at the 2-hour limit: needs 2 hours',
  'p99 of function start and @connections posts under load',
];

/** Asks each question and returns the answers beside what was assumed. */
export async function askOpenQuestions(target: Target): Promise<string> {
  const where = target.environment === 'local' ? 'the local runtime (its assumptions, not AWS)' : 'AWS';
  const lines = [`What ${where} answers to the questions that documentation leaves open:`];
  for (const { name, assumed, ask } of questions) {
    const answer = await ask(target).catch((error: unknown) => `no answer: ${String(error)}`);
    lines.push(`- ${name}\n    assumed: ${assumed}\n    got:     ${answer}`);
  }
  lines.push('Not asked here:', ...unanswered.map((question) => `- ${question}`));
  return lines.join('\n');
}

function open(url: string, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(url, protocols);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) =>
      reject(new Error(`status ${response.statusCode}`)),
    );
  });
}

/** Status of a handshake, or why the client failed it. */
async function handshake(url: string, protocols: string[] = []): Promise<string> {
  try {
    const socket = await open(url, protocols);
    socket.terminate();
    return `status 101, sub-protocol ${socket.protocol || 'none'}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What comes first after something was sent: a frame or the close. */
async function outcomeOf(target: Target, send: (socket: WebSocket) => void): Promise<string> {
  const socket = await open(target.websocketUrl);
  const outcome = new Promise<string>((resolve) => {
    socket.once('message', (data: Buffer) => resolve(`frame ${data.toString().slice(0, 120)}`));
    socket.once('close', (code, reason) => resolve(`close ${code} ${reason.toString()}`.trim()));
  });
  send(socket);
  const result = await Promise.race([outcome, sleep(WAIT_MS, `nothing within ${WAIT_MS} ms`)]);
  socket.terminate();
  return result;
}

/** Ids and arrival times of the replies to a burst of pings. */
async function burst(target: Target): Promise<{ readonly id: number; readonly at: number }[]> {
  const socket = await open(`${target.websocketUrl}?token=${await tokenFor(target, 'verify')}`);
  const replies: { id: number; at: number }[] = [];
  const complete = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      for (const line of data.toString().split('\n')) {
        replies.push({ id: (JSON.parse(line) as { id: number }).id, at: Date.now() });
      }
      if (replies.length >= BURST) resolve();
    });
  });
  for (let id = 1; id <= BURST; id++) socket.send(JSON.stringify({ id, ping: {} }));
  await Promise.race([complete, sleep(WAIT_MS)]);
  socket.terminate();
  return replies;
}

async function orderOfReplies(target: Target): Promise<string> {
  const ids = (await burst(target)).map(({ id }) => id);
  const breaks = ids.filter((id, index) => index > 0 && id < (ids[index - 1] ?? 0)).length;
  return `${ids.length} of ${BURST} replies, ${breaks} out of order`;
}

async function gapInReplies(target: Target): Promise<string> {
  const times = (await burst(target)).map(({ at }) => at);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? at));
  return `${Math.max(0, ...gaps)} ms`;
}
