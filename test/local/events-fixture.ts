import type { DeliverOptions } from '../../local/ports';

export const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:work';
export const DEAD = 'arn:aws:sqs:us-east-1:000000000000:dead';

export interface Delivered extends DeliverOptions {
  readonly arn: string;
  readonly payload: string;
}

/** Where a bus delivers to, and its log: remembers everything. */
export class Targets {
  readonly delivered: Delivered[] = [];
  readonly warnings: string[] = [];
  /** What a delivery to an ARN throws, one after the other; the last for ever. */
  readonly failures = new Map<string, Error[]>();

  async deliver(arn: string, payload: string, options: DeliverOptions = {}): Promise<void> {
    const failures = this.failures.get(arn) ?? [];
    const failure = failures.length > 1 ? failures.shift() : failures[0];
    if (failure) throw failure;
    this.delivered.push({ arn, payload, ...options });
  }

  output(): void {}

  warn(_source: string, message: string): void {
    this.warnings.push(message);
  }
}
