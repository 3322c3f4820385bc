import { DISCONNECTS, type Disconnect } from '../../../contract/codes';
import type { LivenessRules } from '../../../contract/liveness-rules';
import { causeOf } from '../../../contract/log';
import type { Checkup } from '../connections/checkup';
import type { ConnectionView } from '../connections/connection';
import type { NoteLimit } from '../limits/limit-notes';
import type { Log } from '../ports';
import { type ExpiryParts, endExpired } from './expiries';
import { type Prognosis, prognosisOf } from './prognosis';

/** What could not be done is tried again after this. */
const RETRY_MS = 30_000;

/** What clients take for a ping, and what makes API Gateway's idle time begin anew. */
const EMPTY_MESSAGE = '{}';

export interface CaretakerParts extends ExpiryParts {
  readonly checkup: Pick<Checkup, 'look'>;
  readonly rules: LivenessRules;
  readonly noteLimit: NoteLimit;
  readonly log: Log;
}

/** Looks after one connection. */
export class Caretaker {
  readonly #parts: CaretakerParts;

  constructor(parts: CaretakerParts) {
    this.#parts = parts;
  }

  /** Does what is due for a connection and answers when to look again (epoch ms). Never rejects. */
  async look(connection: string): Promise<number> {
    const { connections, rules, clock, log } = this.#parts;
    try {
      const view = await connections.view(connection);
      const prognosis = prognosisOf(connection, view, rules, clock.now());
      switch (prognosis.result) {
        case 'wait':
          return prognosis.at;
        case 'end':
          return await this.#end(connection, prognosis.disconnect, view.state);
        case 'live':
          return await this.#keep(connection, view, prognosis);
      }
    } catch (error) {
      log('warn', 'connection not looked after', { connection, ...causeOf(error) });
      return clock.now() + RETRY_MS;
    }
  }

  /** The end of its departure takes the connection out of the due set; where it does not come, another look finds it closed. */
  async #end(connection: string, disconnect: Disconnect, was: string): Promise<number> {
    const { departures, poster, clock, noteLimit, log } = this.#parts;
    if (disconnect === DISCONNECTS.stale) noteLimit('pendingSeconds', { connection });
    log('info', 'connection ended by the janitor', { connection, code: disconnect.code, was });
    await departures.disconnect(poster, connection, disconnect);
    return clock.now() + RETRY_MS;
  }

  async #keep(
    connection: string,
    view: ConnectionView,
    { at, expired }: Extract<Prognosis, { result: 'live' }>,
  ): Promise<number> {
    const { checkup, rules, clock } = this.#parts;
    const settled = view.subscriptions.filter(
      (subscription) => subscription.stage === 'settled' && !expired.includes(subscription),
    );
    for (const subscription of expired) await endExpired(this.#parts, connection, subscription);
    const { lost, postedAt } = await checkup.look(connection, settled);
    if (lost) return this.#end(connection, DISCONNECTS.insufficientState, 'connected, a subscription lost');
    const freshUntil = Math.max(view.openedAt, postedAt) + rules.keepAliveSeconds * 1000;
    if (freshUntil > clock.now()) return Math.min(at, freshUntil);
    return this.#post(connection, at);
  }

  async #post(connection: string, at: number): Promise<number> {
    const { poster, departures, rules, clock, log } = this.#parts;
    const postedAt = clock.now();
    const outcome = await poster.post(connection, EMPTY_MESSAGE);
    if (outcome === 'ok') return Math.min(at, postedAt + rules.keepAliveSeconds * 1000);
    if (outcome === 'gone') {
      log('info', 'connection found gone', { connection });
      await departures.depart(connection);
    }
    return clock.now() + RETRY_MS;
  }
}
