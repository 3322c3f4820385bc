const silent = Object.assign(() => undefined, { enabled: false });

/**
 * Stands for the package `debug` in the functions' bundles. The Redis client would write its commands with it, and their
 * arguments are what clients sent.
 */
export default function createDebug(): typeof silent {
  return silent;
}
