import { DISCONNECTS } from '../../../contract/codes';
import type { Ending } from '../commands/answer';
import type { Identity } from '../connections/connection';
import type { NoteLimit } from './limit-notes';
import type { Users } from './users';

/**
 * Enters a connection among those of the user that an accepted token names. Answers how the connection ends where it may not
 * be among them. Rejects where Redis fails.
 */
export async function refusedEntry(
  { users, noteLimit }: { readonly users: Pick<Users, 'enter'>; readonly noteLimit: NoteLimit },
  connection: string,
  identity: Identity,
): Promise<Ending | undefined> {
  switch (await users.enter(connection, identity)) {
    case 'entered':
      return undefined;
    case 'limit':
      noteLimit('connectionsPerUser', { connection });
      return end(DISCONNECTS.connectionLimit, 'user: expected fewer connections, got the most');
    case 'revoked':
      return end(DISCONNECTS.invalidToken, 'token: expected one that counts, got a revoked one');
  }
}

function end(disconnect: Ending['disconnect'], reason: string): Ending {
  return { result: 'end', disconnect, reason };
}
