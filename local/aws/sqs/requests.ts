import type { MessageAttributes } from './message';

export interface NewMessage {
  readonly body: string;
  readonly messageAttributes?: MessageAttributes;
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
  /** Instead of the queue's own delay. */
  readonly delayMs?: number | undefined;
  readonly senderId: string;
  readonly traceHeader?: string | undefined;
}

export interface ReceiveOptions {
  readonly max: number;
  /** Instead of the queue's own visibility timeout. */
  readonly visibilityMs?: number | undefined;
  /** Instead of the queue's own wait; 0 answers at once. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
