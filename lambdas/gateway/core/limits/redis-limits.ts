import { CONNECTION_TTL_SECONDS, type Identity } from '../connections/connection';
import { networkKey, userKeys } from '../keys';
import type { Clock } from '../ports';
import { ScriptResultError, type ScriptRunner, textList } from '../redis-script';
import type { Rate, Rates } from './rates';
import { spend } from './scripts/spend';
import { enterUser, isRevoked, leaveUser, revokeUser } from './scripts/users';
import { REVOCATION_TTL_SECONDS, type UserEntry, type Users } from './users';

const ENTRIES: readonly UserEntry[] = ['entered', 'limit', 'revoked'];

/** The connections of each user in Redis. */
export class RedisUsers implements Users {
  readonly #scripts: ScriptRunner;
  readonly #clock: Clock;
  readonly #maxConnections: number;

  /** @param maxConnections most connections that one user may have */
  constructor(scripts: ScriptRunner, clock: Clock, maxConnections: number) {
    this.#scripts = scripts;
    this.#clock = clock;
    this.#maxConnections = maxConnections;
  }

  async enter(
    connection: string,
    { user, issuedAt = 0 }: Pick<Identity, 'user' | 'issuedAt'>,
  ): Promise<UserEntry> {
    if (user === '') return 'entered';
    const { connections, revokedBefore } = userKeys(user);
    const now = Math.floor(this.#clock.now() / 1000);
    const entry = await this.#scripts.run(
      enterUser,
      [connections, revokedBefore],
      [connection, now, now + CONNECTION_TTL_SECONDS, this.#maxConnections, issuedAt, CONNECTION_TTL_SECONDS],
    );
    const known = ENTRIES.find((name) => name === entry);
    if (known === undefined) throw new ScriptResultError(enterUser, ENTRIES.join(' or '), entry);
    return known;
  }

  async leave(connection: string, user: string): Promise<void> {
    if (user !== '') await this.#scripts.run(leaveUser, [userKeys(user).connections], [connection]);
  }

  async isRevoked(user: string, issuedAt: number): Promise<boolean> {
    if (user === '') return false;
    return (await this.#scripts.run(isRevoked, [userKeys(user).revokedBefore], [issuedAt])) === 1;
  }

  async revoke(user: string, issuedBefore: number): Promise<readonly string[]> {
    const { connections, revokedBefore } = userKeys(user);
    const args = [issuedBefore, REVOCATION_TTL_SECONDS];
    return textList(revokeUser, await this.#scripts.run(revokeUser, [connections, revokedBefore], args));
  }
}

/** Rates in Redis. */
export class RedisRates implements Rates {
  readonly #scripts: ScriptRunner;
  readonly #clock: Clock;

  constructor(scripts: ScriptRunner, clock: Clock) {
    this.#scripts = scripts;
    this.#clock = clock;
  }

  handshake(network: string, rate: Rate): Promise<boolean> {
    return this.#spend(networkKey(network), 1, rate);
  }

  commands(user: string, count: number, rate: Rate): Promise<boolean> {
    return this.#spend(userKeys(user).commands, count, rate);
  }

  async #spend(key: string, units: number, { perSecond, burst }: Rate): Promise<boolean> {
    const args = [this.#clock.now(), 1000 / perSecond, burst, units];
    return (await this.#scripts.run(spend, [key], args)) === 1;
  }
}
