import { secretsManagerClient } from '../../contract/aws-clients';
import { readEnvironment } from '../../contract/environment';
import { log } from '../../contract/log';
import { cachedSecret } from '../core/adapters/secrets';
import { REDIS_VARIABLES, storesOf } from '../core/adapters/state';
import type { Handshake } from '../core/auth/handshake';
import { systemClock } from '../core/clock';
import { type Admission, admit } from '../core/connections/admission';

const environment = readEnvironment(['ENVIRONMENT', ...REDIS_VARIABLES, 'JWT_SECRET_ARN', 'ALLOWED_ORIGINS']);
const secrets = secretsManagerClient();
const { connections } = storesOf(environment, secrets, systemClock, log);
const tokenSecret = cachedSecret(secrets, environment.JWT_SECRET_ARN, systemClock, log);
const encoder = new TextEncoder();

interface ConnectEvent extends Handshake {
  readonly requestContext: { readonly connectionId: string };
}

/** `$connect`: cheap checks, and the connection's state. */
export async function handler(event: ConnectEvent): Promise<Admission> {
  return admit(
    {
      connections,
      allowedOrigins: environment.ALLOWED_ORIGINS,
      tokenSecret: async () => encoder.encode(await tokenSecret()),
      clock: systemClock,
      log,
    },
    event.requestContext.connectionId,
    event,
  );
}
