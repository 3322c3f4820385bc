import * as v from 'valibot';
import type { RegistryEntry } from '../channels/cached-registry';
import type { JsonCalls } from './aws/json-service';

const page = v.object({
  Parameters: v.array(v.object({ Name: v.string(), Value: v.string() })),
  NextToken: v.optional(v.string()),
});

/** Reads all registrations under a path, page by page. */
export async function fetchRegistryEntries(ssm: JsonCalls, path: string): Promise<readonly RegistryEntry[]> {
  const entries: RegistryEntry[] = [];
  let token: string | undefined;
  do {
    const input = { Path: path, ...(token ? { NextToken: token } : {}) };
    const { Parameters, NextToken } = await ssm.call('GetParametersByPath', input, page);
    for (const { Name, Value } of Parameters) {
      entries.push({ name: Name.slice(Name.lastIndexOf('/') + 1), json: Value });
    }
    token = NextToken;
  } while (token);
  return entries;
}
