import { isIP, isIPv6 } from 'node:net';

/** The client of a request, for the list of sessions and for limits. */
export interface Client {
  /** The name that the client's software gives itself. */
  readonly device: string | null;
  readonly ip: string;
}

/** The network that limits count as one address: an IPv4 address, or the /64 of one IPv6 subscriber. */
export const networkOf = (ip: string): string => prefixOf(ip, { v4: 4, v6: 4 });

/** The largest network that one customer of a provider usually has: a /24 of IPv4, a /48 of IPv6. */
export const wideNetworkOf = (ip: string): string => prefixOf(ip, { v4: 3, v6: 3 });

/** @param kept the number of parts of the address that are kept: bytes of IPv4, groups of 16 bits of IPv6 */
function prefixOf(ip: string, kept: { readonly v4: number; readonly v6: number }): string {
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (v4 !== undefined) return kept.v4 === 4 ? v4 : `${v4.split('.').slice(0, kept.v4).join('.')}.0/${8 * kept.v4}`;
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = (ip.split('%', 1)[0] ?? '').toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - after.length;
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...after];
  return `${all
    .slice(0, kept.v6)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/${16 * kept.v6}`;
}

/**
 * Returns the addresses of an X-Forwarded-For, without ports, brackets and zones. An entry that is no address was not
 * written by a proxy that knows its client, so that neither it nor any entry before it is trusted.
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
