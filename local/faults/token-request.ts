import * as v from 'valibot';
import { isChannelName } from '../../lambdas/contract/channel';
import type { TokenRequest } from '../token';
import { checked } from './kinds';

const TOKEN = v.strictObject({
  user: v.pipe(v.string('expected a user id'), v.nonEmpty('expected a user id')),
  ttlSeconds: v.exactOptional(v.pipe(v.number('expected seconds'), v.integer('expected whole seconds'))),
  channels: v.exactOptional(
    v.array(
      v.pipe(v.string('expected channel names'), v.check(isChannelName, 'expected channel names')),
      'expected channel names',
    ),
  ),
});

/** What a token is asked to say. @throws FaultError */
export function readTokenRequest(input: unknown): Pick<TokenRequest, 'user' | 'ttlSeconds' | 'channels'> {
  return checked('token', TOKEN, input);
}
