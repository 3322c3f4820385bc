import { GetParametersByPathCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { RegistryEntry } from '../channels/cached-registry';

/** Reads all registrations under a path, page by page. */
export async function fetchRegistryEntries(
  client: SSMClient,
  path: string,
): Promise<readonly RegistryEntry[]> {
  const entries: RegistryEntry[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new GetParametersByPathCommand({ Path: path, ...(token ? { NextToken: token } : {}) }),
    );
    for (const { Name = '', Value = '' } of page.Parameters ?? []) {
      entries.push({ name: Name.slice(Name.lastIndexOf('/') + 1), json: Value });
    }
    token = page.NextToken;
  } while (token);
  return entries;
}
