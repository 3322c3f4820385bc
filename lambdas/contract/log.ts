type Level = 'info' | 'warn' | 'error';

/**
 * Writes one JSON line. Fields are facts about an event (ids, codes, counts); never a payload, a token or other text
 * of a client. One exception: a name that a client chose (channel, method) may stand in a line once it has passed the check
 * of its alphabet and its length; before that, only its length or kind.
 */
export function log(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields, time: new Date().toISOString() })}\n`);
}

/** Name and message of a thrown value, for a log line: never its stack, which may hold a payload. */
export function causeOf(error: unknown): { readonly error: string; readonly cause: string } {
  return error instanceof Error
    ? { error: error.name, cause: error.message }
    : { error: typeof error, cause: String(error) };
}
