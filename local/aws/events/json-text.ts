/** EventBridge's limit for JSON in an event. */
const DEEPEST_NESTING = 1000;

const STRING_OR_SPACE = /"[^"\\]*(?:\\.[^"\\]*)*"|\s+/gs;

/**
 * Text of a JSON object without the space between its tokens; numbers keep every digit, which parsing and printing would not.
 * @returns undefined for text that is no JSON, no object, or nested deeper than 1000
 */
export function compactJsonObject(text: string): string | undefined {
  if (nestingOf(text) > DEEPEST_NESTING) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return text.replace(STRING_OR_SPACE, (token) => (token.startsWith('"') ? token : ''));
}

function nestingOf(text: string): number {
  let [depth, deepest, inString] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return deepest;
}
