import { parseSub } from './substitution';

/** Logical ids (or parameter names) that an expression names by Ref, Fn::GetAtt or Fn::Sub; pseudo parameters left out. */
export function referencesOf(value: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  collect(value, found);
  return found;
}

function collect(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
    return;
  }
  if (!isRecord(value)) return;
  const keys = Object.keys(value);
  const key = keys.length === 1 ? keys[0] : undefined;
  if (key === 'Ref' && typeof value[key] === 'string') {
    add(value[key], found);
    return;
  }
  if (key === 'Fn::GetAtt') {
    const target = value[key];
    const id =
      typeof target === 'string' ? target.split('.')[0] : Array.isArray(target) ? target[0] : undefined;
    if (typeof id === 'string') add(id, found);
    if (Array.isArray(target)) collect(target[1], found);
    return;
  }
  if (key === 'Fn::Sub') collectSub(value[key], found);
  for (const child of Object.values(value)) collect(child, found);
}

function collectSub(argument: unknown, found: Set<string>): void {
  const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
  if (typeof text !== 'string') return;
  const own = new Set(isRecord(variables) ? Object.keys(variables) : []);
  for (const part of parseSub(text)) {
    if (part.kind !== 'text' && !own.has(part.name)) add(part.logicalId, found);
  }
}

function add(name: string, found: Set<string>): void {
  if (!name.startsWith('AWS::')) found.add(name);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
