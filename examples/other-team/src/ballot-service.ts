import { ConditionFailedError, defineService, PROTOCOL_ERRORS, RpcError } from '@holdfast/service-sdk';
import * as v from 'valibot';
import { type Ballot, type Ballots, opening, voting } from './ballots';

const text = v.pipe(v.string(), v.nonEmpty('expected at least 1 character, got none'), v.maxLength(200));
const ballot = v.pipe(v.string(), v.uuid('expected the id of a ballot'));

function requireUser(user: string): void {
  const { code, message } = PROTOCOL_ERRORS.permissionDenied;
  if (user === '') throw new RpcError(code, `${message}: expected a user, got an anonymous connection`);
}

async function find(ballots: Ballots, id: string): Promise<Ballot> {
  const found = await ballots.find(id);
  if (!found) throw new RpcError(404, `ballot: expected one that is open, got ${id}`);
  return found;
}

function refused(error: unknown): never {
  if (!(error instanceof ConditionFailedError)) throw error;
  throw error.writes.includes(1)
    ? new RpcError(404, 'expected an open ballot and the number of one of its options, got another')
    : new RpcError(409, 'expected the first vote of the user, got another');
}

/**
 * `ballot.open {question, options}` answers `{ballot}`; `ballot.vote {ballot, option}`, once for each user, publishes the counts to
 * the channel `ballot:<ballot>` and is answered when they can be seen there; `ballot.result {ballot}` answers them.
 */
export const ballotService = (ballots: Ballots) =>
  defineService({
    name: 'ballot',
    rpc: {
      open: {
        input: v.object({ question: text, options: v.pipe(v.array(text), v.minLength(2), v.maxLength(10)) }),
        handle: async ({ data, user, envelope, once }) => {
          requireUser(user);
          // The call's own id: a call that comes twice opens one ballot.
          await once(opening(envelope.id, data.question, data.options));
          return { ballot: envelope.id };
        },
      },
      vote: {
        input: v.object({ ballot, option: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(9)) }),
        handle: async ({ data, user, once, publish }) => {
          requireUser(user);
          await once(voting(data.ballot, user, data.option)).catch(refused);
          const { counts, votes } = await find(ballots, data.ballot);
          // Votes at the same time may be published in another order than counted: older counts never follow newer ones.
          await publish(
            `ballot:${data.ballot}`,
            { counts: [...counts], votes },
            { version: votes, replyWithOffset: {} },
          );
        },
      },
      result: {
        input: v.object({ ballot }),
        handle: async ({ data }) => {
          const { question, options, counts, votes } = await find(ballots, data.ballot);
          return { question, options: [...options], counts: [...counts], votes };
        },
      },
    },
  });
