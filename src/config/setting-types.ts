import { isIP } from 'node:net';
import { z } from 'zod';
import { parseDuration } from './duration.js';

export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `a whole number from ${min} to ${max}`);
export const usd = z
  .string()
  .regex(/^\d{1,9}(?:\.\d{1,6})?$/, 'US dollars such as 25 or 0.5')
  .transform(Number);
export const duration = z.string().transform((value, context) => {
  const ms = parseDuration(value);
  if (ms === null || ms === 0) context.addIssue('a duration such as 500ms, 30s, 15m, 12h or 30d');
  return ms ?? 0;
});
export const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol),
      `a URL that starts with ${protocols.join('// or ')}//`,
    );
/** A comma-separated list. Spaces around entries and empty entries are ignored. */
export const list = (isItem: (item: string) => boolean, shape: string) =>
  z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    )
    .refine((items) => items.every((item) => isItem(item)), shape);
export const isOrigin = (value: string): boolean => URL.canParse(value) && new URL(value).origin === value;
/** A number of proxies, or addresses, networks (CIDR) and the names of ranges that proxy-addr defines. */
export const proxies = z.string().transform((value, context): number | string[] => {
  if (/^\d{1,2}$/.test(value.trim())) return Number(value);
  const list = value.split(',').map((item) => item.trim());
  const isRange = (item: string) => ['loopback', 'linklocal', 'uniquelocal'].includes(item) || isNetwork(item);
  if (!list.every(isRange)) context.addIssue('a number of proxies, or a list of addresses or networks (CIDR) separated by commas');
  return list;
});
const isNetwork = (text: string): boolean => {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
};
export const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((value, context): unknown => {
      try {
        return JSON.parse(value);
      } catch {
        context.addIssue('a JSON document');
        return z.NEVER;
      }
    })
    .pipe(schema);
