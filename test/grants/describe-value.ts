import { isJsonObject, type JsonValue } from '../../lambdas/contract/json';
import type { Template } from './grants';

/**
 * A value of a template in one line: intrinsics by what they refer to, parameters by the SSM parameter behind them. Hashes
 * at the end of logical ids are left out, so that the text stays when something else changes.
 */
export function describeValue(value: JsonValue, template: Template): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map((each) => describeValue(each, template)).join(', ');
  if (!isJsonObject(value)) return String(value);
  const { Ref: reference, 'Fn::GetAtt': attribute, 'Fn::Join': join, 'Fn::Sub': sub } = value;
  if (typeof reference === 'string') return referenceText(reference, template);
  if (Array.isArray(attribute)) {
    const [id, name] = attribute;
    return name === 'Arn' ? withoutHash(String(id)) : `${withoutHash(String(id))}.${String(name)}`;
  }
  if (Array.isArray(join)) {
    const [, parts] = join;
    return Array.isArray(parts) ? parts.map((part) => describeValue(part, template)).join('') : '';
  }
  if (sub !== undefined) return typeof sub === 'string' ? sub : describeValue(sub, template);
  return Object.entries(value)
    .map(([name, each]) => `${name} ${describeValue(each, template)}`)
    .join(', ');
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': '<region>',
  'AWS::AccountId': '<account>',
};

function referenceText(id: string, template: Template): string {
  const pseudo = PSEUDO[id];
  if (pseudo !== undefined) return pseudo;
  const source = template.Parameters?.[id]?.['Default'];
  return typeof source === 'string' ? `<value of ${source}>` : withoutHash(id);
}

/** Logical ids of the CDK end in eight hexadecimal digits. */
function withoutHash(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '');
}
