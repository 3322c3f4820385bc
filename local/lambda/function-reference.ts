import { AwsError } from '../ports';

/** A function as a caller names it. */
export interface FunctionReference {
  readonly name: string;
  /** Alias, version number or `$LATEST`; undefined where the caller gave none. */
  readonly qualifier: string | undefined;
}

const FULL =
  /^arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:([A-Za-z0-9_-]{1,64})(?::([A-Za-z0-9$_-]{1,128}))?$/;
const PARTIAL = /^(?:\d{12}:)?(?:function:)?([A-Za-z0-9_-]{1,64})(?::([A-Za-z0-9$_-]{1,128}))?$/;

/**
 * Reads a name (`fn`, `fn:alias`), a partial ARN (`123456789012:function:fn:alias`) or a full ARN.
 * @throws AwsError ValidationException for anything else
 */
export function parseFunctionReference(text: string): FunctionReference {
  const match = FULL.exec(text) ?? PARTIAL.exec(text);
  const name = match?.[1];
  if (name === undefined) {
    throw new AwsError(
      'ValidationException',
      `Function name: expected a name, a partial ARN or an ARN of a Lambda function, got '${text}'`,
    );
  }
  return { name, qualifier: match?.[2] };
}
