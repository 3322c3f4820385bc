import { MAX_MENTIONS } from './rules';

// A user's name after an @ that does not follow a letter, as in an address of mail; a dot at the end ends the sentence.
const MENTION = /(?<![\p{L}\p{N}_])@([\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?)/gu;

/** Users that a text names by `@user`, each once, in its order; at most `MAX_MENTIONS`. */
export function mentionedIn(text: string): string[] {
  const names = new Set([...text.matchAll(MENTION)].map(([, name = '']) => name));
  return [...names].slice(0, MAX_MENTIONS);
}
