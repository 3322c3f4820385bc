import { isJsonObject, type JsonObject, type JsonValue } from '../../../lambdas/contract/json';
import type { AwsRequest } from '../../ports';
import type { Need } from '../request';

/** Where ARNs are made. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** What one operation of a JSON service needs, read from its input. Members may be missing or of a wrong type. */
export type NeedsOf = (input: JsonObject, place: Place) => readonly Need[];

export function arnOf({ region, account }: Place, service: string, resource: string): string {
  return `arn:aws:${service}:${region}:${account}:${resource}`;
}

/** A member of an input as text; empty where it is something else. */
export function text(input: JsonObject, name: string): string {
  const value = input[name];
  return typeof value === 'string' ? value : '';
}

/** A list of structures; without what is none. */
export function structures(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

export function strings(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/** Reads a JSON body; undefined where the service will refuse it anyway. */
export function jsonBody(request: AwsRequest): JsonObject | undefined {
  try {
    const value: unknown = request.body === '' ? {} : JSON.parse(request.body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Actions whose name is the operation's and that know no resource. */
export function onAnything(action: string): NeedsOf {
  return () => [{ action, resource: '*' }];
}
