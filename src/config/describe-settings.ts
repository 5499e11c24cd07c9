import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { formatDuration } from './duration.js';
import { schema, SECTIONS } from './settings.js';

export interface SettingDescription {
  readonly name: string;
  readonly description: string;
  /** The text of the default in the environment; null when the setting has no default. */
  readonly default: string | null;
}

/** All settings by section, in their order: .env.example is written from them. */
export function describeSettings(): { title: string; settings: SettingDescription[] }[] {
  const defaults: Record<string, unknown> = schema.parse({});
  return SECTIONS.map(({ title, settings }) => ({
    title,
    settings: Object.entries<z.ZodType>(settings).map(([name, setting]) => ({
      name,
      description: setting.description ?? '',
      default: textOf(name, setting, defaults[name]),
    })),
  }));
}

/** The text that the setting's schema reads as `value`. */
function textOf(name: string, setting: z.ZodType, value: unknown): string | null {
  if (value === undefined) return null;
  const candidates = [
    typeof value === 'number' ? formatDuration(value) : '',
    typeof value === 'string' ? value : JSON.stringify(value),
    Array.isArray(value) ? value.join() : '',
  ];
  const text = candidates.find((candidate) => isDeepStrictEqual(setting.safeParse(candidate).data, value));
  if (text === undefined) throw new Error(`No text of ${name} is read as its default.`);
  return text;
}
