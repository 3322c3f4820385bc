import { parseJsonPath, valueAt } from './json-path';
import { type BusEvent, isoSeconds } from './put-events';

/** Variables that every template has. */
export const PREDEFINED: ReadonlySet<string> = new Set([
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event.ingestion-time',
  'aws.events.event',
  'aws.events.event.json',
]);

const PLACEHOLDER = /<([A-Za-z0-9_.-]+)>/g;

/** The template gave no JSON, which EventBridge does not deliver and does not try again. */
export class TransformError extends Error {
  override readonly name = 'TransformError';

  constructor(output: string) {
    super(`The input transformer's template gave invalid JSON: ${output.slice(0, 300)}`);
  }
}

export interface TransformContext {
  readonly ruleArn: string;
  readonly ruleName: string;
}

export function placeholdersOf(template: string): readonly string[] {
  return [...template.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
}

/**
 * Fills an input template. In a JSON template a value stands as JSON where it is not inside a string. Inside a string, and in a text
 * template, it stands as text, unescaped as EventBridge leaves it: a quote in it breaks the JSON around it.
 * @throws TransformError
 */
export function transformInput(
  {
    InputPathsMap,
    InputTemplate,
  }: { InputPathsMap: Readonly<Record<string, string>>; InputTemplate: string },
  event: BusEvent,
  context: TransformContext,
): string {
  const isJsonTemplate = /^\s*[{[]/.test(InputTemplate);
  const output = InputTemplate.replace(PLACEHOLDER, (_whole, name: string, at: number) => {
    const value = variable(name, InputPathsMap, event, context);
    const insideString = isInsideString(InputTemplate, at);
    if (typeof value === 'string') return isJsonTemplate && !insideString ? JSON.stringify(value) : value;
    const text = JSON.stringify(value);
    // In text, objects and lists lose their quotes, or they would end the string that they stand in.
    return isJsonTemplate && !insideString ? text : text.replaceAll('"', '');
  });
  if (isJsonTemplate && !isJson(output)) throw new TransformError(output);
  return output;
}

/** A path that leads nowhere gives an empty string. */
function variable(
  name: string,
  paths: Readonly<Record<string, string>>,
  event: BusEvent,
  { ruleArn, ruleName }: TransformContext,
): unknown {
  switch (name) {
    case 'aws.events.rule-arn':
      return ruleArn;
    case 'aws.events.rule-name':
      return ruleName;
    case 'aws.events.event.ingestion-time':
      return isoSeconds(new Date(event.ingestedAt));
    case 'aws.events.event.json':
      return event.value;
    case 'aws.events.event':
      return withoutDetail(event.value);
    default: {
      const path = Object.hasOwn(paths, name) ? parseJsonPath(paths[name] ?? '') : undefined;
      return (path === undefined ? undefined : valueAt(path, event.value)) ?? '';
    }
  }
}

function withoutDetail(event: unknown): unknown {
  if (typeof event !== 'object' || event === null) return event;
  return Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'detail'));
}

function isInsideString(template: string, at: number): boolean {
  let inside = false;
  for (let index = 0; index < at; index += 1) {
    const character = template[index];
    if (inside && character === '\\') index += 1;
    else if (character === '"') inside = !inside;
  }
  return inside;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
