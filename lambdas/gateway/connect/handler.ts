import { readEnvironment, readSwitch } from '../../contract/environment';
import { readLimits } from '../../contract/limit-rules';
import { readLiveness } from '../../contract/liveness-rules';
import { log } from '../../contract/log';
import { JsonService } from '../core/adapters/aws/json-service';
import { SqsWakeQueue } from '../core/adapters/sqs-queues';
import { REDIS_VARIABLES, storesOf } from '../core/adapters/state';
import { tokensOf } from '../core/adapters/tokens';
import type { Handshake } from '../core/auth/handshake';
import { systemClock } from '../core/clock';
import { type Admission, admit } from '../core/connections/admission';
import { announceConnection } from '../core/lifecycle/announce';
import { limitNotes } from '../core/limits/limit-notes';

const environment = readEnvironment([
  'ENVIRONMENT',
  ...REDIS_VARIABLES,
  'TOKEN_RULES',
  'ALLOWED_ORIGINS',
  'LIMITS',
  'LIVENESS',
  'WAKES_QUEUE_URL',
  'CONNECTION_EVENTS',
]);
const secrets = new JsonService('secretsmanager');
const limits = readLimits(environment);
const { connections, due, users, rates } = storesOf(environment, secrets, systemClock, log, {
  maxConnectionsOfUser: limits.connectionsPerUser,
});
const wakes = new SqsWakeQueue(new JsonService('sqs'), environment.WAKES_QUEUE_URL);
const parts = {
  connections,
  due,
  users,
  rates,
  allowedOrigins: environment.ALLOWED_ORIGINS,
  tokens: tokensOf(environment, { secrets, ssm: new JsonService('ssm') }, systemClock, log),
  limits,
  liveness: readLiveness(environment),
  noteLimit: limitNotes(environment.ENVIRONMENT, log),
  announce: readSwitch(environment, 'CONNECTION_EVENTS')
    ? (connection: string, user: string) =>
        announceConnection({ wakes, clock: systemClock }, connection, user)
    : undefined,
  clock: systemClock,
  log,
};

interface ConnectEvent extends Handshake {
  readonly requestContext: {
    readonly connectionId: string;
    readonly identity: { readonly sourceIp: string };
  };
}

/** `$connect`: cheap checks, and the connection's state. */
export async function handler(event: ConnectEvent): Promise<Admission> {
  const { connectionId, identity } = event.requestContext;
  return admit(parts, connectionId, event, identity.sourceIp);
}
