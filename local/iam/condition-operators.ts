import { isIPv4, isIPv6 } from 'node:net';
import { addressToInteger } from '../assembly/cidr-blocks';
import { PolicyError } from './errors';
import { arnPattern, type PatternOptions, type TextTest, textPattern } from './pattern';

export interface Operator {
  /** Compiles one value of a policy. @throws PolicyError */
  readonly compile: (value: string, path: string, variables: boolean) => TextTest;
  /** `StringNotEquals` and so on: true where the key's value fits none of the policy's. @default false */
  readonly negated?: boolean;
}

const text = (options: Omit<PatternOptions, 'variables'>): Operator['compile'] => {
  return (value, path, variables) => textPattern(value, path, { ...options, variables });
};
const arn: Operator['compile'] = (value, path, variables) => arnPattern(value, path, { variables });

const equals = text({ wildcards: false });
const equalsIgnoringCase = text({ wildcards: false, ignoreCase: true });
const like = text({});

function numeric(compare: (got: number, wanted: number) => boolean): Operator['compile'] {
  return (value, path) => {
    const wanted = numberOf(value);
    if (wanted === undefined) throw new PolicyError(path, 'a number', value);
    return (given) => {
      const got = numberOf(given);
      return got !== undefined && compare(got, wanted);
    };
  };
}

function date(compare: (got: number, wanted: number) => boolean): Operator['compile'] {
  return (value, path) => {
    const wanted = timeOf(value);
    if (wanted === undefined) throw new PolicyError(path, 'a date as ISO 8601 or in epoch seconds', value);
    return (given) => {
      const got = timeOf(given);
      return got !== undefined && compare(got, wanted);
    };
  };
}

function numberOf(value: string): number | undefined {
  return /^[+-]?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

/** Milliseconds since the epoch. */
function timeOf(value: string): number | undefined {
  const seconds = numberOf(value);
  const time = seconds === undefined ? Date.parse(value) : seconds * 1000;
  return Number.isNaN(time) ? undefined : time;
}

const bool: Operator['compile'] = (value, path) => {
  const wanted = value.toLowerCase();
  if (wanted !== 'true' && wanted !== 'false') throw new PolicyError(path, 'true or false', value);
  return (given) => given.toLowerCase() === wanted;
};

const ipAddress: Operator['compile'] = (value, path) => {
  const [address = '', mask, ...rest] = value.split('/');
  const width = widthOf(address);
  const bits = mask === undefined ? width : Number(/^\d+$/.test(mask) ? mask : Number.NaN);
  if (width === undefined || bits === undefined || !(bits <= width) || rest.length > 0) {
    throw new PolicyError(path, 'an address or a CIDR range', value);
  }
  const dropped = BigInt(width - bits);
  const network = addressToInteger(address) >> dropped;
  return (given) => widthOf(given) === width && addressToInteger(given) >> dropped === network;
};

function widthOf(address: string): 32 | 128 | undefined {
  if (isIPv4(address)) return 32;
  return isIPv6(address) && !address.includes('%') ? 128 : undefined;
}

const same = (got: number, wanted: number) => got === wanted;
const below = (got: number, wanted: number) => got < wanted;
const above = (got: number, wanted: number) => got > wanted;
const atMost = (got: number, wanted: number) => got <= wanted;
const atLeast = (got: number, wanted: number) => got >= wanted;

/** Operators by name, without `Null`, prefixes and `IfExists`. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: { compile: equals },
  StringNotEquals: { compile: equals, negated: true },
  StringEqualsIgnoreCase: { compile: equalsIgnoringCase },
  StringNotEqualsIgnoreCase: { compile: equalsIgnoringCase, negated: true },
  StringLike: { compile: like },
  StringNotLike: { compile: like, negated: true },
  ArnEquals: { compile: arn },
  ArnLike: { compile: arn },
  ArnNotEquals: { compile: arn, negated: true },
  ArnNotLike: { compile: arn, negated: true },
  Bool: { compile: bool },
  IpAddress: { compile: ipAddress },
  NotIpAddress: { compile: ipAddress, negated: true },
  NumericEquals: { compile: numeric(same) },
  NumericNotEquals: { compile: numeric(same), negated: true },
  NumericLessThan: { compile: numeric(below) },
  NumericLessThanEquals: { compile: numeric(atMost) },
  NumericGreaterThan: { compile: numeric(above) },
  NumericGreaterThanEquals: { compile: numeric(atLeast) },
  DateEquals: { compile: date(same) },
  DateNotEquals: { compile: date(same), negated: true },
  DateLessThan: { compile: date(below) },
  DateLessThanEquals: { compile: date(atMost) },
  DateGreaterThan: { compile: date(above) },
  DateGreaterThanEquals: { compile: date(atLeast) },
};
