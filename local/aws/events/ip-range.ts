import { isIPv4, isIPv6 } from 'node:net';
import { addressToInteger } from '../../assembly/cidr-blocks';
import { InvalidEventPatternError } from './pattern-error';

type IpTest = (quotedText: string) => boolean;

/** Addresses from the one given up to the last of its network: like EventBridge's, the base is not masked. */
export function ipRange(cidr: string): IpTest {
  const slashed = cidr.replace(/\/+$/, '').split('/');
  const [address = '', mask = ''] = slashed;
  if (slashed.length !== 2) throw new InvalidEventPatternError("Malformed CIDR, one '/' required");
  if (!/^[+-]?\d+$/.test(mask))
    throw new InvalidEventPatternError('Malformed CIDR, mask bits must be an integer');
  const bits = Number(mask);
  if (bits < 0) throw new InvalidEventPatternError('Malformed CIDR, mask bits must not be negative');
  const width = widthOf(address);
  if (width === undefined) throw new InvalidEventPatternError(`Nonstandard IP address: ${address}`);
  if (bits >= width) {
    throw new InvalidEventPatternError(`${width === 32 ? 'IPv4' : 'IPv6'} mask bits must be < ${width}`);
  }
  const bottom = addressToInteger(address);
  const top = bottom | ((1n << BigInt(width - bits)) - 1n);
  return between(width, bottom, top);
}

/** Any spelling of one address, or undefined where `text` is none. */
export function sameAddress(text: string): IpTest | undefined {
  const width = widthOf(text);
  if (width === undefined) return undefined;
  const address = addressToInteger(text);
  return between(width, address, address);
}

function between(width: number, bottom: bigint, top: bigint): IpTest {
  return (quotedText) => {
    const text = quotedText.startsWith('"') ? quotedText.slice(1, -1) : quotedText;
    if (widthOf(text) !== width) return false;
    const address = addressToInteger(text);
    return address >= bottom && address <= top;
  };
}

function widthOf(address: string): 32 | 128 | undefined {
  if (isIPv4(address)) return 32;
  // A zone (`fe80::1%eth0`) is no part of an address that could be compared.
  return isIPv6(address) && !address.includes('%') ? 128 : undefined;
}
