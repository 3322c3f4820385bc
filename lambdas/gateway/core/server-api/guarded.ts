import { causeOf } from '../../../contract/log';
import { traceIdOf } from '../../../contract/trace';
import type { Log } from '../ports';
import { TRY_AGAIN } from './answer';
import type { RequestContext } from './ports';

/** Runs what may reject because something behind it does not answer: the backend may try again. */
export async function guarded<Answer>(
  log: Log,
  { traceparent }: Pick<RequestContext, 'traceparent'>,
  work: () => Promise<Answer>,
): Promise<Answer | typeof TRY_AGAIN> {
  try {
    return await work();
  } catch (error) {
    log('error', 'server API failed', { trace: traceIdOf(traceparent), ...causeOf(error) });
    return TRY_AGAIN;
  }
}
