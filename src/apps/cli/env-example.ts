import { describeSettings } from '../../config/describe-settings.js';

/** The text of .env.example: every setting, commented out, with its purpose and its default. */
export const envExample = (): string =>
  [
    '# Every setting, with its default. The processes read .env in their working directory, and the environment before it.',
    '# Durations: 500ms, 30s, 15m, 12h, 30d. Made by `npm run generate`.',
    ...describeSettings().flatMap(({ title, settings }) => [
      `\n## ${title}`,
      ...settings.map(({ name, description, default: value }) => `\n# ${description}\n# ${name}=${value ?? ''}`),
    ]),
    '',
  ].join('\n');
