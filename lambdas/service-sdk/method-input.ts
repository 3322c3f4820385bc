import { PROTOCOL_ERRORS } from '../contract/codes';
import type { JsonValue } from '../contract/json';
import { RpcError } from './rpc-error';
import type { SchemaIssue, StandardSchema } from './standard-schema';

// Enough to mend a call by; an issue may repeat a value of the input, which may be long.
const MAX_ISSUES = 3;
const MAX_ISSUE_LENGTH = 200;

/** valibot says of each issue what it expected and got; other libraries say so in the message. */
interface ExplainedIssue extends SchemaIssue {
  readonly expected?: string | null;
  readonly received?: string;
}

function keyOf(step: PropertyKey | { readonly key: PropertyKey }): PropertyKey {
  return typeof step === 'object' ? step.key : step;
}

function reasonOf({ message, expected, received, path }: ExplainedIssue): string {
  // A message that the schema's author wrote stands as it is.
  if (!expected || !received || !message.includes(`Expected ${expected} but received ${received}`))
    return message;
  const last = path?.at(-1);
  const isMissingKey =
    last !== undefined && expected === `"${String(keyOf(last))}"` && received === 'undefined';
  return isMissingKey ? 'expected a value, got none' : `expected ${expected}, got ${received}`;
}

function describe(issue: SchemaIssue): string {
  const path = ['data', ...(issue.path ?? []).map((step) => String(keyOf(step)))].join('.');
  const text = `${path}: ${reasonOf(issue)}`;
  return text.length <= MAX_ISSUE_LENGTH ? text : `${text.slice(0, MAX_ISSUE_LENGTH - 1)}…`;
}

/**
 * The data of a command as the method's schema returns it. Throws `RpcError` 107 with path, expected and got for data that
 * the schema refuses.
 */
export async function checkedInput<Input>(schema: StandardSchema<Input>, data: JsonValue): Promise<Input> {
  const result = await schema['~standard'].validate(data);
  if (result.issues === undefined) return result.value;
  const { code, message } = PROTOCOL_ERRORS.badRequest;
  throw new RpcError(code, `${message}: ${result.issues.slice(0, MAX_ISSUES).map(describe).join('; ')}`);
}
