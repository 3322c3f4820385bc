import { randomInt } from 'node:crypto';
import { isJsonObject } from '../../../lambdas/contract/json';
import { InvalidParameter } from './errors';

/** `GenerateSecretString` of `AWS::SecretsManager::Secret`. */
export interface GenerateSecretString {
  readonly ExcludeCharacters?: string;
  readonly ExcludeLowercase?: boolean;
  readonly ExcludeNumbers?: boolean;
  readonly ExcludePunctuation?: boolean;
  readonly ExcludeUppercase?: boolean;
  readonly IncludeSpace?: boolean;
  /** @default 32 */
  readonly PasswordLength?: number;
  /** @default true */
  readonly RequireEachIncludedType?: boolean;
  /** A JSON object that the password is put into, under `GenerateStringKey`. */
  readonly SecretStringTemplate?: string;
  readonly GenerateStringKey?: string;
}

const LOWERCASE = 'abcdefghijklmnopqrstuvwxyz';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
const MAX_LENGTH = 4_096;

/** A password, or the template with a password in it. */
export function generateSecretString(options: GenerateSecretString): string {
  const { SecretStringTemplate: template, GenerateStringKey: key } = options;
  if ((template === undefined) !== (key === undefined)) {
    throw new InvalidParameter(
      'GenerateSecretString: expected both or none of SecretStringTemplate and GenerateStringKey',
    );
  }
  const password = generatePassword(options);
  if (template === undefined || key === undefined) return password;
  return JSON.stringify({ ...parseTemplate(template), [key]: password });
}

function parseTemplate(template: string): object {
  let value: unknown;
  try {
    value = JSON.parse(template);
  } catch {
    value = undefined;
  }
  if (isJsonObject(value)) return value;
  throw new InvalidParameter('GenerateSecretString: expected SecretStringTemplate to be a JSON object');
}

function generatePassword(options: GenerateSecretString): string {
  const { PasswordLength: length = 32, RequireEachIncludedType: requireEach = true } = options;
  const excluded = options.ExcludeCharacters ?? '';
  const types = [
    options.ExcludeLowercase ? '' : LOWERCASE,
    options.ExcludeUppercase ? '' : LOWERCASE.toUpperCase(),
    options.ExcludeNumbers ? '' : '0123456789',
    options.ExcludePunctuation ? '' : PUNCTUATION,
    options.IncludeSpace ? ' ' : '',
  ]
    .map((type) => [...type].filter((character) => !excluded.includes(character)))
    .filter((type) => type.length > 0);
  const least = requireEach ? Math.max(1, types.length) : 1;
  if (types.length === 0 || !Number.isInteger(length) || length < least || length > MAX_LENGTH) {
    throw new InvalidParameter(
      `GenerateSecretString: expected characters to choose from and a PasswordLength of ${least} to ${MAX_LENGTH}, got ${types.length} kinds of characters and ${length}`,
    );
  }
  const characters = requireEach ? types.map(pick) : [];
  const all = types.flat();
  while (characters.length < length) characters.push(pick(all));
  return shuffle(characters).join('');
}

function pick(characters: readonly string[]): string {
  return characters[randomInt(characters.length)] ?? '';
}

function shuffle(characters: readonly string[]): string[] {
  const shuffled: string[] = [];
  for (const character of characters) shuffled.splice(randomInt(shuffled.length + 1), 0, character);
  return shuffled;
}
