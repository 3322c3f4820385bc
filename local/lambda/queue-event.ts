import type { QueueMessage } from '../ports';

/** The event that Lambda makes of a batch (https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html), as JSON text. */
export function queueEvent(messages: readonly QueueMessage[], queueArn: string): string {
  const awsRegion = queueArn.split(':')[3] ?? '';
  const records = messages.map(
    ({ messageId, receiptHandle, body, attributes, messageAttributes, md5OfBody }) => ({
      messageId,
      receiptHandle,
      body,
      attributes,
      messageAttributes: Object.fromEntries(
        Object.entries(messageAttributes).map(([name, attribute]) => [
          name,
          { ...attribute, stringListValues: [], binaryListValues: [] },
        ]),
      ),
      md5OfBody,
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion,
    }),
  );
  return JSON.stringify({ Records: records });
}

/**
 * Which messages a function reports as failed. Lambda's rules
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html): null, `{}`, and an empty or null list mean
 * success; everything that is malformed, or names a message that is not in the batch, fails the whole batch.
 */
export function failedMessageIds(
  response: string,
  batch: readonly QueueMessage[],
): ReadonlySet<string> | 'all' {
  const parsed = parse(response);
  if (parsed === null) return new Set();
  if (typeof parsed !== 'object' || Array.isArray(parsed)) return 'all';
  const failures: unknown = 'batchItemFailures' in parsed ? parsed.batchItemFailures : null;
  if (failures === null) return new Set();
  if (!Array.isArray(failures)) return 'all';
  const known = new Set(batch.map(({ messageId }) => messageId));
  const failed = new Set<string>();
  for (const failure of failures as readonly unknown[]) {
    const id = identifierOf(failure);
    if (id === undefined || !known.has(id)) return 'all';
    failed.add(id);
  }
  return failed;
}

function identifierOf(failure: unknown): string | undefined {
  if (typeof failure !== 'object' || failure === null || !('itemIdentifier' in failure)) return undefined;
  return typeof failure.itemIdentifier === 'string' ? failure.itemIdentifier : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return 'not JSON';
  }
}

/** Splits a batch where its event would be larger than an invocation may be; the order stays. */
export function splitBySize(messages: readonly QueueMessage[], maxBytes: number): QueueMessage[][] {
  const parts: QueueMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = Buffer.byteLength(JSON.stringify(message)) + ENVELOPE_BYTES;
    bytes += size;
    const last = parts.at(-1);
    if (last !== undefined && bytes <= maxBytes) {
      last.push(message);
    } else {
      parts.push([message]);
      bytes = size;
    }
  }
  return parts;
}

/** What a record adds to its message: source, ARN, region. */
const ENVELOPE_BYTES = 512;
