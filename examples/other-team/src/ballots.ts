import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { type GuardedWrite, serviceTable } from '@holdfast/service-sdk';

export interface Ballot {
  readonly question: string;
  readonly options: readonly string[];
  /** Votes for each option. */
  readonly counts: readonly number[];
  /** All votes. */
  readonly votes: number;
}

/** Reads ballots. */
export interface Ballots {
  find(id: string): Promise<Ballot | undefined>;
}

const keyOf = (id: string) => ({ pk: `ballot#${id}`, sk: 'ballot' });

/** The writes that open a ballot. */
export function opening(id: string, question: string, options: readonly string[]): GuardedWrite[] {
  const ballot: Ballot = { question, options, counts: options.map(() => 0), votes: 0 };
  return [{ Put: { Item: { ...keyOf(id), ...ballot } } }];
}

/** The writes of a vote. The first is refused for a second vote of a user, the other for a ballot or an option that is not there. */
export function voting(id: string, user: string, option: number): GuardedWrite[] {
  const { pk } = keyOf(id);
  return [
    { Put: { Item: { pk, sk: `vote#${user}`, option }, ConditionExpression: 'attribute_not_exists(pk)' } },
    {
      Update: {
        Key: keyOf(id),
        ConditionExpression: `attribute_exists(counts[${option}])`,
        UpdateExpression: `SET counts[${option}] = counts[${option}] + :one ADD votes :one`,
        ExpressionAttributeValues: { ':one': 1 },
      },
    },
  ];
}

/** Ballots in the table that the platform's construct has made for this service. */
export const storedBallots: Ballots = {
  async find(id) {
    const { name, client } = serviceTable();
    const read = new GetCommand({ TableName: name, Key: keyOf(id), ConsistentRead: true });
    const { Item } = await client.send(read);
    if (Item === undefined) return undefined;
    const { question, options, counts, votes } = Item;
    return { question, options, counts, votes };
  },
};
