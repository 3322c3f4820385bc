import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** The four ports of a running stack, in this order from its base. */
export interface PortBlock {
  readonly websocket: number;
  readonly serverApi: number;
  readonly web: number;
  readonly aws: number;
  /** The first port that was found taken, where the block had to move. */
  readonly taken?: number;
}

/** No block of four free ports was found. */
export class NoFreePortsError extends Error {
  override readonly name = 'NoFreePortsError';
}

const BLOCK = 4;
const STEP = 10;
const ATTEMPTS = 50;

/** Where blocks of any port begin: below the ports that systems hand out by themselves. */
const ANY = { first: 10_000, blocks: 2_000 };

/**
 * Finds four free ports in a row: at `wanted` (0: anywhere), else 10, 20, ... above, so that two stacks beside each other keep their
 * ports together and easy to tell apart.
 */
export async function findPortBlock(wanted: number): Promise<PortBlock> {
  const base = wanted === 0 ? ANY.first + randomInt(ANY.blocks) * STEP : wanted;
  let taken: number | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = base + attempt * STEP;
    if (first + BLOCK > 65536) break;
    const inTheWay = await takenPortOf(first);
    if (inTheWay === undefined) {
      const block = { websocket: first, serverApi: first + 1, web: first + 2, aws: first + 3 };
      return taken === undefined || wanted === 0 ? block : { ...block, taken };
    }
    taken ??= inTheWay;
  }
  throw new NoFreePortsError(
    `expected four free ports in a row at ${base} or in one of the ${ATTEMPTS - 1} blocks above, found none`,
  );
}

async function takenPortOf(first: number): Promise<number | undefined> {
  for (let port = first; port < first + BLOCK; port++) {
    if (!(await isFree(port))) return port;
  }
  return undefined;
}

/** Free on both loopback families: a server on either would be reached by clients that say `localhost`. */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '::1'));
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 cannot have a server there either.
      resolve(error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT');
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
