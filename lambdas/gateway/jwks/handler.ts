import { ssmClient } from '../../contract/aws-clients';
import { readEnvironment } from '../../contract/environment';
import { isJsonObject } from '../../contract/json';
import { KEY_ID, type KeySetAnswer } from '../../contract/jwks';
import { log } from '../../contract/log';
import { systemClock } from '../core/clock';
import { fetchJwks } from './fetch-jwks';
import { KeySets } from './key-sets';
import { ParameterStore } from './parameter-store';

/** The event is neither a schedule's nor a question for a key. */
export class JwksEventError extends Error {
  override readonly name = 'JwksEventError';
}

const environment = readEnvironment(['JWKS_URLS', 'JWKS_PARAMETER_PATH']);
const keySets = new KeySets({
  // No URL has a space in it.
  urls: environment.JWKS_URLS.split(' '),
  store: new ParameterStore(ssmClient(), environment.JWKS_PARAMETER_PATH),
  fetchJwks: (url) => fetchJwks(url),
  clock: systemClock,
  log,
});

/**
 * Outside of the VPC, since identity providers may have IPv4 only. Fetches the key sets on schedule, and answers
 * `{"kid": "..."}` of a gateway function that met an unknown key.
 */
export async function handler(event: unknown): Promise<KeySetAnswer | undefined> {
  const { kid, source } = isJsonObject(event) ? event : {};
  if (typeof kid === 'string' && KEY_ID.test(kid)) return keySets.find(kid);
  if (source !== 'aws.events') {
    throw new JwksEventError('event: expected {kid} or one of a schedule, got something else');
  }
  await keySets.refresh();
  return undefined;
}
