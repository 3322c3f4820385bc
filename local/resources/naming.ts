import { createHash } from 'node:crypto';
import type { ResourceRequest } from './provider';

/** The same eight characters for the same text in every run. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** Name of a resource that the template leaves unnamed: as CloudFormation, stack, logical id and a suffix. */
export function generatedName({ stack, logicalId }: ResourceRequest, maxLength = 64): string {
  const suffix = digest(`${stack}/${logicalId}`).toUpperCase();
  return `${`${stack}-${logicalId}`.slice(0, maxLength - suffix.length - 1)}-${suffix}`;
}

/** An id with the prefix of its kind, `vpc-0123abcd`. */
export function generatedId({ stack, logicalId }: ResourceRequest, prefix: string): string {
  return `${prefix}-${digest(`${stack}/${logicalId}`)}`;
}
