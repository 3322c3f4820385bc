import { generatedName } from './naming';
import type { CreatedResource, Provider } from './provider';

/** `AWS::Events::Connection`; its credentials are in a secret, as on AWS. */
export const connection: Provider = (request, cloud) => {
  const { name, arn, secretArn } = cloud.events.apiDestinations.createConnection({
    ...request.properties,
    Name: request.properties['Name'] ?? generatedName(request),
  });
  return created(name, arn, { SecretArn: secretArn });
};

/** `AWS::Events::ApiDestination`: https, or plain http to this machine. */
export const apiDestination: Provider = (request, cloud) => {
  const { arn, input } = cloud.events.apiDestinations.createDestination({
    ...request.properties,
    Name: request.properties['Name'] ?? generatedName(request),
  });
  return created(input.Name, arn);
};

/** `ArnForPolicy` lacks the id behind the name, so that a policy survives the resource. */
function created(name: string, arn: string, more: Readonly<Record<string, string>> = {}): CreatedResource {
  const ArnForPolicy = arn.slice(0, arn.lastIndexOf('/'));
  return { ref: name, attributes: { Arn: arn, ArnForPolicy, ...more } };
}
