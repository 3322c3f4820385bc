import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { NotConnectedError } from './errors';
import { CONNECT_TIMEOUT_MS, IdleSockets } from './idle-sockets';

declare module 'node:http' {
  interface Agent {
    // Not in Node's documentation, though agents of others have overridden it for as long as there are agents.
    addRequest(request: ClientRequest, options: object): void;
  }
}

const connected = new WeakSet<Socket>();

/** Whether bytes of a request can have left through this socket. */
export function isConnected(socket: Socket | null | undefined): boolean {
  return socket !== null && socket !== undefined && connected.has(socket);
}

function watch(socket: Socket, event: 'connect' | 'secureConnect', host: string): void {
  const timer = setTimeout(
    () => socket.destroy(new NotConnectedError(host, `none within ${CONNECT_TIMEOUT_MS} ms`)),
    CONNECT_TIMEOUT_MS,
  );
  socket.once(event, () => {
    clearTimeout(timer);
    connected.add(socket);
  });
  socket.once('close', () => clearTimeout(timer));
  // The request that has the socket hears of its errors; between two requests nobody is to be told.
  socket.on('error', () => undefined);
}

/**
 * An agent for one host that connects as Node's own does, and hands its sockets on in its own way: by their age, and for
 * half of the CPU time (docs/adr/010). It sets no limit to the number of sockets: callers limit their requests.
 */
export function keepAliveAgent({ protocol, host }: URL): http.Agent {
  const secure = protocol === 'https:';
  const agent = secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
  const idle = new IdleSockets();
  const addRequest = agent.addRequest.bind(agent);
  const createConnection = agent.createConnection.bind(agent);
  agent.addRequest = (request, options) => {
    const socket = idle.take();
    if (socket === undefined) {
      addRequest(request, options);
      return;
    }
    request.reusedSocket = true;
    request.onSocket(socket);
  };
  agent.createConnection = (options, callback) => {
    const socket = createConnection(options, callback);
    watch(socket as Socket, secure ? 'secureConnect' : 'connect', host);
    return socket;
  };
  agent.removeAllListeners('free');
  agent.on('free', (socket: Socket) => idle.keep(socket));
  return agent;
}
