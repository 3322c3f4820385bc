import { parseFunctionReference } from '../../lambda/function-reference';
import type { AwsRequest } from '../../ports';
import type { Need } from '../request';
import { arnOf, type Place } from './reader';

const FUNCTIONS = '/2015-03-31/functions';

/**
 * Needs of Lambda's REST API. Every kind of invocation needs the same action, on the function as the caller qualifies it.
 * @throws AwsError ValidationException for a function name that is none
 */
export function lambdaNeeds({ method, path }: AwsRequest, place: Place): readonly Need[] {
  const { pathname, searchParams } = new URL(path, 'http://localhost');
  const [encodedName = '', operation = ''] = pathname.slice(FUNCTIONS.length + 1).split('/');
  if (encodedName === '') return [{ action: 'lambda:ListFunctions', resource: '*' }];
  const { name, qualifier } = parseFunctionReference(decodeURIComponent(encodedName));
  const version = searchParams.get('Qualifier') ?? qualifier;
  const resource = arnOf(place, 'lambda', `function:${name}${version === undefined ? '' : `:${version}`}`);
  return [{ action: `lambda:${actionOf(method, operation)}`, resource }];
}

function actionOf(method: string, operation: string): string {
  if (method === 'POST' && operation === 'invocations') return 'InvokeFunction';
  return operation === 'configuration' ? 'GetFunctionConfiguration' : 'GetFunction';
}
