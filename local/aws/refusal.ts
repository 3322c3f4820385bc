import { randomUUID } from 'node:crypto';
import { AwsError, type AwsResponse } from '../ports';
import type { SignatureProblem } from './signature';

const TEXTS: Readonly<Record<SignatureProblem, string>> = {
  token: 'The security token included in the request is invalid.',
  signature:
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
};
/** Services that answer 403 to a refusal; the others' JSON protocols answer 400. */
const FORBIDDING = ['execute-api', 'lambda', 'sqs', 'sts'];
/** Services of the Query protocol, or that still name errors by it. */
const QUERY_CODES: Readonly<Record<SignatureProblem, string>> = {
  token: 'InvalidClientTokenId',
  signature: 'SignatureDoesNotMatch',
};

/** A request whose signature does not fit its credentials. */
export class SignatureError extends AwsError {
  override readonly name = 'SignatureError';

  constructor(problem: SignatureProblem, service: string) {
    const code = problem === 'token' ? 'UnrecognizedClientException' : 'InvalidSignatureException';
    super(
      service === 'sts' ? QUERY_CODES[problem] : code,
      TEXTS[problem],
      statusOf(service),
      service === 'sqs' ? QUERY_CODES[problem] : undefined,
    );
  }
}

function statusOf(service: string): number {
  return FORBIDDING.includes(service) ? 403 : 400;
}

/** A request that is not let in, in the shape in which its service says so. */
export function refusal(service: string, error: AwsError, contentType: string | undefined): AwsResponse {
  const { code, message, queryCode } = error;
  const status = statusOf(service);
  if (service === 'sts') return { status, headers: { 'content-type': 'text/xml' }, body: xml(code, message) };
  if (service === 'lambda' || service === 'execute-api') {
    return {
      status,
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
      body: JSON.stringify({ Message: message }),
    };
  }
  const query = queryCode ?? (service === 'sqs' ? 'AccessDenied' : undefined);
  return {
    status,
    headers: {
      'content-type': contentType?.startsWith('application/x-amz-json')
        ? contentType
        : 'application/x-amz-json-1.1',
      'x-amzn-errortype': code,
      ...(query === undefined ? {} : { 'x-amzn-query-error': `${query};Sender` }),
    },
    body: JSON.stringify({ __type: code, message }),
  };
}

function xml(code: string, message: string): string {
  return (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
    `<Code>${code}</Code><Message>${message}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`
  );
}
