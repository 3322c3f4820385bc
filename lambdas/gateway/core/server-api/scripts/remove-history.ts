import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: log.
 * Forgets the publications of a channel; its meta stays, so that no position loses its meaning. Members that lack some of what
 * goes find it trimmed, and are told 2500. A repeat forgets what came meanwhile, too.
 */
export const removeHistory: RedisScript = {
  name: 'hf1removehistory',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
`,
};
