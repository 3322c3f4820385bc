import { createHash } from 'node:crypto';
import type { Input } from '../input';
import { InvalidParameterValue } from './errors';
import type { MessageAttribute, MessageAttributes } from './message';

const MAX_ATTRIBUTES = 10;
const NAME = /^(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/;
const DATA_TYPE = /^(String|Number|Binary)(\.[A-Za-z0-9_.-]+)?$/;
const STRING_TRANSPORT = 1;
const BINARY_TRANSPORT = 2;

/** Reads and checks the `MessageAttributes` of a send. Throws InvalidParameterValue. */
export function readMessageAttributes(input: Input): MessageAttributes {
  const given = input.map('MessageAttributes');
  if (given.size > MAX_ATTRIBUTES) {
    throw new InvalidParameterValue(
      `Number of message attributes [${given.size}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`,
    );
  }
  const attributes: Record<string, MessageAttribute> = {};
  for (const [name, value] of given) {
    if (!NAME.test(name) || /^(aws|amazon)\./i.test(name)) {
      throw new InvalidParameterValue(
        `The message attribute name '${name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) and must not start with AWS. or Amazon.`,
      );
    }
    attributes[name] = readAttribute(name, value);
  }
  return attributes;
}

function readAttribute(name: string, value: Input): MessageAttribute {
  const dataType = value.optionalString('DataType') ?? '';
  if (!DATA_TYPE.test(dataType)) {
    throw new InvalidParameterValue(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String. Got: '${dataType}'`,
    );
  }
  const binary = dataType.startsWith('Binary');
  const content = value.optionalString(binary ? 'BinaryValue' : 'StringValue');
  if (!content) {
    throw new InvalidParameterValue(
      `The message attribute '${name}' must contain a non-empty message attribute value for message attribute type '${dataType}'.`,
    );
  }
  if (dataType.startsWith('Number') && !Number.isFinite(Number(content))) {
    throw new InvalidParameterValue(
      `Can't cast the value of message (user) attribute '${name}' to a number.`,
    );
  }
  return binary ? { dataType, binaryValue: content } : { dataType, stringValue: content };
}

/** Bytes that attributes add to a message: names, types and values. */
export function attributesSize(attributes: MessageAttributes): number {
  let bytes = 0;
  for (const [name, attribute] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.dataType) + bytesOf(attribute).length;
  }
  return bytes;
}

/** The same before they are checked: a batch's size counts although one of its entries may be refused. */
export function unreadAttributesSize(input: Input): number {
  let bytes = 0;
  for (const [name, value] of input.map('MessageAttributes')) {
    const binary = Buffer.from(value.optionalString('BinaryValue') ?? '', 'base64').length;
    bytes += Buffer.byteLength(name) + binary;
    for (const part of ['DataType', 'StringValue'])
      bytes += Buffer.byteLength(value.optionalString(part) ?? '');
  }
  return bytes;
}

/** Those that a receive asked for: names, `prefix.*`, `.*` or `All`. */
export function selectAttributes(
  attributes: MessageAttributes,
  wanted: readonly string[],
): MessageAttributes {
  if (wanted.includes('All') || wanted.includes('.*')) return attributes;
  const selected = Object.entries(attributes).filter(([name]) =>
    wanted.some((pattern) =>
      pattern.endsWith('.*') ? name.startsWith(pattern.slice(0, -2)) : name === pattern,
    ),
  );
  return Object.fromEntries(selected);
}

/** MD5 in SQS's own encoding, by name order; undefined without attributes. */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  const update = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const attribute = attributes[name];
    if (!attribute) continue;
    update(Buffer.from(name));
    update(Buffer.from(attribute.dataType));
    hash.update(Buffer.from([attribute.binaryValue === undefined ? STRING_TRANSPORT : BINARY_TRANSPORT]));
    update(bytesOf(attribute));
  }
  return hash.digest('hex');
}

/** Under the names of the API. */
export function renderAttributes(attributes: MessageAttributes): Record<string, object> {
  const rendered: Record<string, object> = {};
  for (const [name, { dataType, stringValue, binaryValue }] of Object.entries(attributes)) {
    rendered[name] = { DataType: dataType, StringValue: stringValue, BinaryValue: binaryValue };
  }
  return rendered;
}

function bytesOf(attribute: MessageAttribute): Buffer {
  return attribute.binaryValue === undefined
    ? Buffer.from(attribute.stringValue ?? '')
    : Buffer.from(attribute.binaryValue, 'base64');
}
