import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface ComposeService {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The compose file as Compose reads it: anchors merged, `${NAME:-default}` and `${NAME-default}` filled in from `environment` alone. */
export function readComposeFile(
  path: string,
  environment: Readonly<Record<string, string>> = {},
): Readonly<Record<string, ComposeService>> {
  const fill = (text: string) =>
    text.replace(/\$\{(\w+)(:?)-([^}]*)\}/g, (_, name: string, colon: string, fallback: string) => {
      const value = environment[name];
      return value === undefined || (colon !== '' && value === '') ? fallback : value;
    });
  const reviver = (_key: unknown, value: unknown) => (typeof value === 'string' ? fill(value) : value);
  return (parse(readFileSync(path, 'utf8'), reviver, { merge: true }) as { services: Record<string, ComposeService> }).services;
}
