import { causeOf, log } from '../contract/log';

/** A message of a queue that a service is behind. */
interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
  readonly attributes?: { readonly MessageGroupId?: string };
}

interface QueueEvent {
  readonly Records: readonly QueueRecord[];
}

/** Which messages come again (`ReportBatchItemFailures`). */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export function isQueueEvent(event: unknown): event is QueueEvent {
  return typeof event === 'object' && event !== null && 'Records' in event && Array.isArray(event.Records);
}

/**
 * Hands over the events of a batch: those of a group in their order, groups beside each other. Where one fails, it comes again
 * with what follows it in its group.
 */
export async function handleBatch(
  { Records }: QueueEvent,
  handle: (event: unknown) => Promise<void>,
): Promise<BatchResponse> {
  const lanes = new Map<string, QueueRecord[]>();
  for (const record of Records) {
    const lane = record.attributes?.MessageGroupId ?? `message ${record.messageId}`;
    lanes.set(lane, [...(lanes.get(lane) ?? []), record]);
  }
  const failed = await Promise.all([...lanes.values()].map((lane) => failedOf(lane, handle)));
  return { batchItemFailures: failed.flat().map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function failedOf(
  lane: readonly QueueRecord[],
  handle: (event: unknown) => Promise<void>,
): Promise<readonly QueueRecord[]> {
  for (const [index, { messageId, body }] of lane.entries()) {
    try {
      await handle(JSON.parse(body));
    } catch (error) {
      log('error', 'message not handled: it comes again', { messageId, ...causeOf(error) });
      return lane.slice(index);
    }
  }
  return [];
}
