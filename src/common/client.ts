import { isIP, isIPv6 } from 'node:net';

/** Where a request comes from, for the list of sessions and for limits. */
export interface Client {
  /** What its software calls itself. */
  readonly device: string | null;
  readonly ip: string;
}

/** What counts as one address: an IPv4 address, or the /64 that one IPv6 subscriber has to choose from. */
export function networkOf(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = (ip.split('%', 1)[0] ?? '').toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - after.length;
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...after];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

/**
 * The entries of an X-Forwarded-For that are addresses, without ports, brackets and zones. An entry that is none was not written by a proxy that
 * knows its client, so neither it nor anything that was before it is believed.
 */
export function forwardedAddresses(header: string): string[] {
  const addresses = header.split(',').map(toAddress);
  return addresses.slice(addresses.lastIndexOf(null) + 1).filter((address) => address !== null);
}

/** `192.0.2.7`, `192.0.2.7:8080`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:8080`; null for anything else. */
function toAddress(entry: string): string | null {
  const text = entry.trim();
  const address = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  return isIP(address) === 0 ? null : (address.split('%', 1)[0] ?? null);
}
