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

/** The value of a variable that is `on` or `off`. */
export function readSwitch<const Name extends string>(
  environment: { readonly [name in Name]: string },
  name: Name,
): boolean {
  const value: string = environment[name];
  if (value !== 'on' && value !== 'off') throw new EnvironmentError(name, 'on or off', JSON.stringify(value));
  return value === 'on';
}
