import { PROTOCOL_ERRORS } from '../../../contract/codes';
import { causeOf } from '../../../contract/log';
import type { Outbox } from '../commands/outbox';
import type { CommandParts } from '../commands/parts';
import type { Entered, Frame } from '../inbox/inbox';

/** Seconds of a user's rate that may come at once. */
const USER_BURST_SECONDS = 10;

/** How long a connection is refused that is met above its user's rate. */
const HUSH_MS = 1_000;

type LoadParts = Pick<CommandParts, 'connections' | 'rates' | 'limits' | 'noteLimit' | 'clock' | 'log'>;

/** Answers a frame that is too much at once. What is left of it, without commands, keeps its place in the order. */
export async function refuseFrame(
  { noteLimit }: Pick<LoadParts, 'noteLimit'>,
  connection: string,
  frame: Frame,
  outbox: Pick<Outbox, 'add' | 'flush'>,
): Promise<Frame> {
  noteLimit('commandsPerConnection', { connection, commands: frame.cost });
  for (const command of frame.commands) {
    if ('id' in command) await outbox.add({ id: command.id, error: PROTOCOL_ERRORS.tooManyRequests });
  }
  await outbox.flush();
  return { ...frame, commands: [] };
}

/** Counts commands for their user, beside what is done about them. Never rejects: Redis may be away. */
export async function chargeUser(
  { connections, rates, limits, noteLimit, clock, log }: LoadParts,
  id: string,
  { connection, charge }: Pick<Entered, 'connection' | 'charge'>,
): Promise<void> {
  const perSecond = limits.commandsPerSecondOfUser;
  const rate = { perSecond, burst: perSecond * USER_BURST_SECONDS };
  try {
    if (await rates.commands(connection.identity.user, charge, rate)) return;
    noteLimit('commandsPerUser', { connection: id });
    await connections.hush(id, clock.now() + HUSH_MS);
  } catch (error) {
    log('warn', 'commands not counted for their user', { connection: id, ...causeOf(error) });
  }
}
