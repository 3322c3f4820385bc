import { mkdirSync } from 'node:fs';
import { parameterNames } from '../../lambdas/contract/parameters';
import { allow, lambda, role, writeAssembly } from './template-cloud';

const names = parameterNames('local');

const parameter = (Name: string, Value: string) => ({
  Type: 'AWS::SSM::Parameter',
  Properties: { Name, Value, Type: 'String' },
});

const secret = (Name: string, SecretString: string) => ({
  Type: 'AWS::SecretsManager::Secret',
  Properties: { Name, SecretString },
});

/** Signs the tokens of a bare platform. */
export const BARE_SECRET = 'a secret of a bare platform, of 32 characters and more';

/**
 * Writes an assembly that passes for a platform in a second: what a start has to find of one, without gateway, bus and cache, and
 * two functions, `teller` and `other`, that print their event.
 */
export function writeBarePlatform(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeAssembly(folder, {
    Url: parameter(names.websocketUrl, 'ws://localhost:1/local'),
    Callback: parameter(names.callbackUrl, 'http://localhost:1/local'),
    Api: parameter(names.serverApiUrl, 'http://localhost:2/api'),
    Rules: parameter(names.tokenRules, JSON.stringify({ hmac: true })),
    Secret: secret(`${names.root}/jwt-secret`, BARE_SECRET),
    Key: secret(`${names.root}/api-key`, 'key'),
    Role: role([allow(['logs:CreateLogStream', 'logs:PutLogEvents'], '*')]),
    Teller: lambda('teller', 'Role'),
    Other: lambda('other', 'Role'),
  });
  return folder;
}

/** Invokes a function at the AWS endpoint of a running stack. */
export async function invoke(awsEndpointUrl: string, name: string, event: object): Promise<number> {
  const response = await fetch(`${awsEndpointUrl}/2015-03-31/functions/${name}/invocations`, {
    method: 'POST',
    body: JSON.stringify(event),
  });
  await response.text();
  return response.status;
}
