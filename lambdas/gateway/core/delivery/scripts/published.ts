import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: result of an idempotency key. Answers {offset, epoch} of the publication with that key; empty texts
 * where there is none.
 */
export const lookForKey: RedisScript = {
  name: 'hf1published',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('HMGET', KEYS[1], 'offset', 'epoch')
`,
};
