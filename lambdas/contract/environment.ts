import { isJsonObject, type JsonObject } from './json';

/** A function's environment lacks a variable that its stack should have set, or has another value than that can be. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly variable: string;

  constructor(variable: string, expected = 'a non-empty value', got = 'none') {
    super(`environment variable ${variable}: expected ${expected}, got ${got}`);
    this.variable = variable;
  }
}

/** Reads the named environment variables of a function once, at start; throws for the first that is missing. */
export function readEnvironment<const Name extends string>(
  names: readonly Name[],
  source: Readonly<Record<string, string | undefined>> = process.env,
): { readonly [name in Name]: string } {
  const values: Record<string, string> = {};
  for (const name of names) {
    const value = source[name];
    if (!value) throw new EnvironmentError(name);
    values[name] = value;
  }
  return values as { readonly [name in Name]: string };
}

/** The value of a variable that may be missing. */
export function readOptional(
  name: string,
  source: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  return source[name] || undefined;
}

/** The value of a variable that is `on` or `off`. */
export function readSwitch<const Name extends string>(
  environment: { readonly [name in Name]: string },
  name: Name,
): boolean {
  const value: string = environment[name];
  if (value !== 'on' && value !== 'off') throw new EnvironmentError(name, 'on or off', JSON.stringify(value));
  return value === 'on';
}

/**
 * Reads a variable that is a JSON object of numbers with these names. Throws EnvironmentError where one is missing or is no
 * number from 0.
 */
export function readNumbers<const Variable extends string, const Name extends string>(
  environment: { readonly [name in Variable]: string },
  variable: Variable,
  names: readonly Name[],
): { readonly [name in Name]: number } {
  const given = parseObject(environment[variable]);
  const numbers: Record<string, number> = {};
  for (const name of names) {
    const value = given?.[name];
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new EnvironmentError(variable, `JSON with the numbers ${names.join(', ')}`, `no such ${name}`);
    }
    numbers[name] = value;
  }
  return numbers as { readonly [name in Name]: number };
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
