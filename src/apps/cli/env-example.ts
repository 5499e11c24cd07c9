import { describeSettings } from '../../config/describe-settings.js';
import { API_REQUIRES, WORKER_REQUIRES } from '../../config/required-settings.js';

/** The text of .env.example: every setting, commented out, with its purpose and its default. */
export const envExample = (): string =>
  [
    '# Every setting, with its default. The processes read .env in their working directory, and the environment before it.',
    '# Durations: 500ms, 30s, 15m, 12h, 30d. Made by `npm run generate`.',
    '# REQUIRED marks what production does not start without; what is sold and sent needs the settings of Stripe and of one-time codes as well.',
    ...describeSettings().flatMap(({ title, settings }) => [
      `\n## ${title}`,
      ...settings.map(({ name, description, default: value }) => `\n# ${description}${demandOf(name)}\n# ${name}=${value ?? ''}`),
    ]),
    '',
  ].join('\n');

function demandOf(name: string): string {
  if (API_REQUIRES.some((required) => required === name)) return ' REQUIRED in production.';
  return WORKER_REQUIRES.some((required) => required === name) ? ' REQUIRED by the workers of production.' : '';
}
