import { isIPv4, isIPv6 } from 'node:net';

const V4_BITS = 32;
const V6_BITS = 128;
const MOST_BLOCKS = 256;

/**
 * What `Fn::Cidr` answers: the first `count` blocks with `hostBits` host bits inside `block`.
 * @throws RangeError saying what does not fit
 */
export function cidrBlocks(block: string, count: number, hostBits: number): string[] {
  const [address = '', prefixText = ''] = block.split('/');
  const bits = isIPv4(address) ? V4_BITS : isIPv6(address) ? V6_BITS : undefined;
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (bits === undefined || !(prefix <= bits)) {
    throw new RangeError(`expected an address block such as 10.0.0.0/16, got ${block}`);
  }
  if (!Number.isInteger(count) || count < 1 || count > MOST_BLOCKS) {
    throw new RangeError(`expected a count from 1 to ${MOST_BLOCKS}, got ${count}`);
  }
  if (!Number.isInteger(hostBits) || hostBits < 1 || hostBits > bits - prefix) {
    throw new RangeError(`expected 1 to ${bits - prefix} host bits in ${block}, got ${hostBits}`);
  }
  const room = 1n << BigInt(bits - prefix - hostBits);
  if (BigInt(count) > room)
    throw new RangeError(`${block} has room for ${room} such blocks, got a count of ${count}`);
  const whole = addressToInteger(address);
  const base = (whole >> BigInt(bits - prefix)) << BigInt(bits - prefix);
  return Array.from({ length: count }, (_, index) => {
    const start = base + (BigInt(index) << BigInt(hostBits));
    return `${bits === V4_BITS ? formatV4(start) : formatV6(start)}/${bits - hostBits}`;
  });
}

/** An IPv4 or IPv6 literal (no zone) as a number; the caller has checked that it is one. */
export function addressToInteger(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  const [head = '', tail] = address.split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros =
    tail === undefined ? [] : Array<bigint>(Math.max(0, 8 - before.length - after.length)).fill(0n);
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | group, 0n);
}

function groupsOf(part: string): bigint[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const v4 = addressToInteger(group);
    return [v4 >> 16n, v4 & 0xffffn];
  });
}

function formatV4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 0xffn).toString()).join('.');
}

function formatV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16),
  );
  const text = groups.join(':');
  // The longest run of zero groups is shortened, as addresses are usually written.
  const runs = [...text.matchAll(/(?<=^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const run = runs[0];
  if (run === undefined) return text;
  const before = text.slice(0, run.index).replace(/:$/, '');
  const after = text.slice(run.index + run[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}
