import { isIPv6 } from 'node:net';

/** Where a request comes from, for the list of sessions and for limits. */
export interface Client {
  /** What its software calls itself. */
  readonly device: string | null;
  readonly ip: string;
}

/** What counts as one address: an IPv4 address, or the /64 that one IPv6 subscriber has to choose from. */
export const networkOf = (ip: string): string => prefixOf(ip, { v4: 4, v6: 4 });

/** What one provider's customer may at most have to choose from: a /24 of IPv4, a /48 of IPv6. */
export const wideNetworkOf = (ip: string): string => prefixOf(ip, { v4: 3, v6: 3 });

/** @param kept how many parts of an address count: bytes of IPv4, groups of 16 bits of IPv6 */
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
