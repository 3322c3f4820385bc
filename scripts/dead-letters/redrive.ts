import { DeleteMessageCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { REDRIVEN_ATTRIBUTE, type Redriven } from '../../lambdas/contract/dead-letters';
import type { Cloud } from './cloud';
import { contentOf, type Letter } from './letters';

/** Events that were replayed carry the name of their replay; services and the gateway know by it that nobody waits. */
export const REPLAY_NAME = 'holdfast-dead-letters';

/** A letter that nothing can be done with. */
export class RedriveError extends Error {
  override readonly name = 'RedriveError';
}

/**
 * Gives a letter another try, marked as such, and takes it out of the dead letters. Where it dies between the two, the next
 * redrive of it has no second effect.
 */
export async function redrive(
  cloud: Pick<Cloud, 'sqs' | 'invoke'>,
  letter: Letter,
  force: boolean,
): Promise<void> {
  const { redriveTo } = letter.queue;
  if (redriveTo.startsWith('arn:')) await cloud.invoke(letter.target ?? redriveTo, eventOf(letter));
  else await send(cloud.sqs, letter, force ? 'forced' : 'redriven');
  await cloud.sqs.send(
    new DeleteMessageCommand({ QueueUrl: letter.queue.queueUrl, ReceiptHandle: letter.receipt }),
  );
}

async function send(sqs: SQSClient, { id, queue, body, group }: Letter, mark: Redriven): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queue.redriveTo,
      MessageBody: body,
      MessageAttributes: { [REDRIVEN_ATTRIBUTE]: { DataType: 'String', StringValue: mark } },
      // Not the id of the first try: within five minutes the queue would take this for a repeat of it, and drop it.
      ...(group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: `${mark}-${id}` }),
    }),
  );
}

function eventOf(letter: Letter): string {
  const event = contentOf(letter);
  if (event === undefined) {
    throw new RedriveError(`${letter.id}: expected an event in JSON, got another text; it stays where it is`);
  }
  return JSON.stringify({ ...event, 'replay-name': REPLAY_NAME });
}
