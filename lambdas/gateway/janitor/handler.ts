import { readEnvironment, readSwitch } from '../../contract/environment';
import { readLimits } from '../../contract/limit-rules';
import { readLiveness } from '../../contract/liveness-rules';
import { log } from '../../contract/log';
import { JsonService } from '../core/adapters/aws/json-service';
import { SignedPoster } from '../core/adapters/aws/signed-poster';
import { SqsWakeQueue } from '../core/adapters/sqs-queues';
import { REDIS_VARIABLES, storesOf, withDepartures } from '../core/adapters/state';
import { systemClock } from '../core/clock';
import { Checkup } from '../core/connections/checkup';
import { CountedPoster } from '../core/limits/counted-poster';
import { limitNotes } from '../core/limits/limit-notes';
import { PostCount } from '../core/limits/post-count';
import { Caretaker } from '../core/liveness/caretaker';
import { type Beat, Janitor } from '../core/liveness/janitor';

const environment = readEnvironment([
  'ENVIRONMENT',
  ...REDIS_VARIABLES,
  'CALLBACK_URL',
  'WAKES_QUEUE_URL',
  'CONNECTION_EVENTS',
  'LIVENESS',
  'LIMITS',
]);
const wakes = new SqsWakeQueue(new JsonService('sqs'), environment.WAKES_QUEUE_URL);
const clock = systemClock;
const secrets = new JsonService('secretsmanager');
const stores = withDepartures(storesOf(environment, secrets, clock, log, readLimits(environment)), {
  wakes,
  connectionEvents: readSwitch(environment, 'CONNECTION_EVENTS'),
  clock,
  log,
});
// Empty messages, pushes that end something, and closes: all bear a repeat.
const poster = new CountedPoster(
  new SignedPoster({ callbackUrl: environment.CALLBACK_URL, attempts: 3, log }),
  new PostCount(stores.budget),
);
const parts = { ...stores, wakes, poster, clock, log };
const caretaker = new Caretaker({
  ...parts,
  checkup: new Checkup(parts),
  rules: readLiveness(environment),
  noteLimit: limitNotes(environment.ENVIRONMENT, log),
});
const janitor = new Janitor({ ...parts, caretaker });

/** Every minute: connections whose time has come. The schedule's targets share them by `of` and `index`. */
export async function handler({ of, index }: Beat): Promise<void> {
  const looks = await janitor.run({ of, index });
  if (looks > 0) log('info', 'connections looked after', { of, index, looks });
}
