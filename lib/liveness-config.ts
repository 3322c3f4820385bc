import * as v from 'valibot';
import {
  IDLE_LIMIT_SECONDS,
  LIFE_LIMIT_SECONDS,
  type LivenessRules,
  PLANNED_SPREAD,
} from '../lambdas/contract/liveness-rules';
import type { ConfigIssue } from './config';
import { object, wholeNumber } from './config-schema';

/** How connections are kept alive, and when they are ended. */
export interface LivenessConfig extends LivenessRules {
  /** Janitors that share the connections; one is enough for 100,000. */
  readonly janitors: number;
}

export const LIVENESS_DEFAULTS: LivenessConfig = {
  // Below the idle limit of ten minutes, with a minute for the schedule and what may go wrong with a look.
  pingSeconds: 540,
  // A look may come a minute and a run late and is still before the client expects a ping.
  keepAliveSeconds: 420,
  // 1 h 50 min, 5 % more or less: ended by us and one after the other, before API Gateway ends them at two hours.
  plannedReconnectSeconds: 6600,
  // Centrifugo waits 25 s; SDKs send the command with the first frame.
  pendingSeconds: 10,
  janitors: 1,
};

/** What an overlay may say under `liveness`. */
export const livenessOverlay = object({
  pingSeconds: v.optional(wholeNumber(0, IDLE_LIMIT_SECONDS)),
  keepAliveSeconds: v.optional(wholeNumber(1, IDLE_LIMIT_SECONDS)),
  plannedReconnectSeconds: v.optional(wholeNumber(1, LIFE_LIMIT_SECONDS)),
  pendingSeconds: v.optional(wholeNumber(1, 60)),
  // As many targets as an EventBridge rule may have.
  janitors: v.optional(wholeNumber(1, 5)),
});

/** The part that the gateway's functions read. */
export function livenessRulesOf({ janitors: _, ...rules }: LivenessConfig): LivenessRules {
  return rules;
}

/** What no single key can tell. */
export function livenessContradictions(liveness: LivenessConfig): readonly ConfigIssue[] {
  const { pingSeconds, keepAliveSeconds, plannedReconnectSeconds } = liveness;
  const path = (name: keyof LivenessConfig) => `liveness.${name}`;
  const issues: ConfigIssue[] = [];
  if (pingSeconds !== 0 && pingSeconds <= keepAliveSeconds) {
    issues.push({
      path: path('pingSeconds'),
      expected: `0 or more than keepAliveSeconds (${keepAliveSeconds})`,
      got: String(pingSeconds),
    });
  }
  if (plannedReconnectSeconds * (1 + PLANNED_SPREAD) > LIFE_LIMIT_SECONDS) {
    issues.push({
      path: path('plannedReconnectSeconds'),
      expected: `at most ${Math.floor(LIFE_LIMIT_SECONDS / (1 + PLANNED_SPREAD))}, since some come later`,
      got: String(plannedReconnectSeconds),
    });
  }
  return issues;
}
