import type { Input } from '../input';
import { EventsValidationError } from './errors';

/** Most and default number of entries of one answer. */
const MOST = 100;

export interface Listed {
  readonly name: string;
  readonly state: string;
  /** ARN of what it comes from. */
  readonly source: string;
}

export interface ListingRules {
  readonly operation: string;
  /** Every state that the service knows, in the order in which it names them. */
  readonly states: readonly string[];
}

/**
 * One page of what a list operation with the members `NamePrefix`, `State`, `EventSourceArn`, `Limit` and `NextToken` asks for, by name.
 * @throws EventsValidationError for a second filter, an unknown state, a limit out of range or a foreign token
 */
export function listed<Item>(
  input: Input,
  items: readonly Item[],
  describe: (item: Item) => Listed,
  { operation, states }: ListingRules,
): { readonly page: readonly Item[]; readonly NextToken?: string } {
  const prefix = input.optionalString('NamePrefix');
  const state = input.optionalString('State');
  const source = input.optionalString('EventSourceArn');
  if ([prefix, state, source].filter((filter) => filter !== undefined).length > 1) {
    throw new EventsValidationError(
      `At most one filter is allowed for ${operation}. Use either : State, EventSourceArn, or NamePrefix.`,
    );
  }
  if (state !== undefined && !states.includes(state)) {
    throw new EventsValidationError(
      `1 validation error detected: Value '${state}' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [${states.join(', ')}]`,
    );
  }
  const limit = limitOf(input);
  const after = nameOf(input.optionalString('NextToken'));
  const rest = items
    .map((item) => ({ item, of: describe(item) }))
    .filter(({ of }) => of.name.startsWith(prefix ?? '') && (after === undefined || of.name > after))
    .filter(({ of }) => (state ?? of.state) === of.state && (source ?? of.source) === of.source)
    .sort((a, b) => (a.of.name < b.of.name ? -1 : 1));
  const page = rest.slice(0, limit);
  const last = rest.length > limit ? page.at(-1)?.of.name : undefined;
  return {
    page: page.map(({ item }) => item),
    ...(last !== undefined && { NextToken: Buffer.from(last).toString('base64url') }),
  };
}

function limitOf(input: Input): number {
  const limit = input.optionalInteger('Limit') ?? MOST;
  if (limit >= 1 && limit <= MOST) return limit;
  throw new EventsValidationError(`Limit: expected 1 to ${MOST}, got ${limit}`);
}

function nameOf(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const name = Buffer.from(token, 'base64url').toString();
  if (name !== '' && Buffer.from(name).toString('base64url') === token) return name;
  throw new EventsValidationError(`NextToken: expected one of an earlier answer, got ${token}`);
}
