import { isIP } from 'node:net';

/**
 * What a rate per address is kept for: an IPv4 address, or the /64 of an IPv6 one, which a provider gives to one customer
 * (`2001:db8:0:1`). Undefined for other text, of which nothing reaches a key.
 */
export function networkOf(address: string): string | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const version = isIP(mapped ?? address);
  if (version === 4) return mapped ?? address;
  return version === 6 ? groupsOf(address).slice(0, 4).join(':') : undefined;
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): readonly string[] {
  // An IPv4 address at the end takes the place of two groups; none of the first four is among them.
  const [text = ''] = address.toLowerCase().split('%');
  const [head = '', tail] = text.replace(/\d+\.\d+\.\d+\.\d+$/, '0:0').split('::');
  const split = (part: string) => (part === '' ? [] : part.split(':'));
  const before = split(head);
  const after = split(tail ?? '');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(zeros).fill('0'), ...after].map((group) =>
    Number.parseInt(group, 16).toString(16),
  );
}
