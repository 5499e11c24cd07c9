import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { conflictsOf, type SettingProblem } from './setting-conflicts.js';
import { type Config, descriptionOf, schema, settingNames, withDependentDefaults } from './settings.js';

export type { Config } from './settings.js';

/** A setting that an entry point requires. */
export type RequiredSetting = keyof Config;

/** Names every wrong setting, with the value that it should have. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface LoadOptions {
  /** Settings that must be present for this entry point. */
  readonly required?: readonly RequiredSetting[];
  /** Values of unset settings, as text. */
  readonly defaults?: Partial<Record<keyof Config, string>>;
  /** Settings that count as unset. */
  readonly ignore?: readonly (keyof Config)[];
  /** The environment. Variables that are set but empty count as unset. */
  readonly source?: NodeJS.ProcessEnv;
}

/**
 * Reads and checks all settings.
 *
 * @throws ConfigError
 */
export function loadConfig({ required = [], defaults = {}, ignore = [], source = readEnvironment() }: LoadOptions = {}): Config {
  const given = Object.fromEntries(
    settingNames.flatMap((name) => {
      // An empty list of origins is a value of its own: no origin, also where the default is another list.
      const isSet = name === 'CORS_ORIGINS' ? source[name] !== undefined : Boolean(source[name]);
      const value = ignore.includes(name) ? undefined : isSet ? source[name] : defaults[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const issues = schema.safeParse(given).error?.issues ?? [];
  const wrong = new Set(issues.map(({ path }) => path[0]));
  // Conflicts are looked for among the valid settings too, so that one message names everything that has to be
  // corrected.
  const settings = schema.parse(Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name))));
  const problems: SettingProblem[] = [
    ...issues.map(({ path, message }) => ({ name: path.map(String).join('.'), reason: message })),
    ...conflictsOf(settings).filter(({ name }) => !wrong.has(name)),
    ...required.filter((name) => given[name] === undefined).map((name) => ({ name, reason: `required: ${descriptionOf(name)}` })),
  ];
  if (problems.length > 0) {
    const lines = problems.map(({ name, reason }) => `  ${name}: ${reason}`);
    throw new ConfigError(`The settings are invalid:\n${lines.join('\n')}\nSee .env.example for every setting.`);
  }
  return Object.freeze(withDependentDefaults(settings));
}

/**
 * The environment of the process. It takes precedence over the file that ENV_FILE names (default: .env in the working
 * directory).
 */
function readEnvironment(): NodeJS.ProcessEnv {
  const path = process.env['ENV_FILE'] || '.env';
  return existsSync(path) ? { ...parseEnv(readFileSync(path, 'utf8')), ...process.env } : process.env;
}

/** The environment of a child process: the environment of this process, with some settings replaced. */
export const childEnvironment = (settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({ ...process.env, ...settings });

/** True when npm started this process: npm sets this variable for its children. */
export const isStartedByNpm = (): boolean => process.env['npm_lifecycle_event'] !== undefined;
