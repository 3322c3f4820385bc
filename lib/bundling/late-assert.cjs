const load = () => require('node:assert');

/**
 * Stands for the module `assert` in the functions' bundles, which loads the terminal's streams with it: the Redis client asks
 * for it at its start, and calls it where an answer of the server is no Redis protocol.
 */
module.exports = Object.assign((...parameters) => load()(...parameters), {
  strictEqual: (...parameters) => load().strictEqual(...parameters),
});
