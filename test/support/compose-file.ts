import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface ComposeService {
  readonly image?: string;
  readonly deploy?: { readonly resources: { readonly limits: Readonly<Record<'cpus' | 'memory', string>> } };
  readonly healthcheck?: object;
  readonly command?: readonly string[];
  readonly env_file?: readonly object[];
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
}

interface RawService extends Omit<ComposeService, 'environment'> {
  readonly environment?: Readonly<Record<string, string | null>>;
}

/**
 * The compose file as Compose reads it: anchors merged, `${NAME:-default}` and `${NAME-default}` filled in from
 * `environment` alone, which also gives what a container is given by name alone.
 */
export function readComposeFile(
  path: string,
  environment: Readonly<Record<string, string>> = {},
): Readonly<Record<string, ComposeService>> {
  const fill = (text: string): string =>
    text.replace(/\$\{(\w+)(:?)-((?:[^{}]|\$\{[^{}]*\})*)\}/g, (_, name: string, colon: string, fallback: string) => {
      const value = environment[name];
      return value === undefined || (colon !== '' && value === '') ? fill(fallback) : value;
    });
  const reviver = (_key: unknown, value: unknown) => (typeof value === 'string' ? fill(value) : value);
  const { services } = parse(readFileSync(path, 'utf8'), reviver, { merge: true }) as { services: Record<string, RawService> };
  return Object.fromEntries(
    Object.entries(services).map(([name, { environment: given = {}, ...service }]) => {
      const known = Object.entries(given).map(([key, value]) => [key, value ?? environment[key]] as const);
      return [
        name,
        { ...service, environment: Object.fromEntries(known.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))) },
      ];
    }),
  );
}
