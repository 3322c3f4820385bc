import type { Operation } from '../json-service';
import type { ApiDestinations } from './api-destinations/api-destinations';
import { members } from './members';

/** Connections and API destinations, which templates make. */
export function apiDestinationOperationsOf(
  destinations: ApiDestinations,
): Readonly<Record<string, Operation>> {
  return {
    DescribeConnection: (input) => {
      const { name, arn, type, description, secretArn, createdAt } = destinations.connection(
        members(input).string('Name'),
      );
      const seconds = createdAt.getTime() / 1000;
      return {
        Name: name,
        ConnectionArn: arn,
        ...(description !== undefined && { Description: description }),
        ConnectionState: 'AUTHORIZED',
        AuthorizationType: type,
        SecretArn: secretArn,
        CreationTime: seconds,
        LastModifiedTime: seconds,
        LastAuthorizedTime: seconds,
      };
    },
    DescribeApiDestination: (input) => {
      const { arn, input: given, createdAt } = destinations.destination(members(input).string('Name'));
      const seconds = createdAt.getTime() / 1000;
      return {
        ...given,
        ApiDestinationArn: arn,
        ApiDestinationState: 'ACTIVE',
        CreationTime: seconds,
        LastModifiedTime: seconds,
      };
    },
  };
}
