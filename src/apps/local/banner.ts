import { randomInt } from 'node:crypto';
import type { FirstAdministrator } from './administrator.js';
import type { Simulated } from './simulators.js';

export interface BannerInput {
  readonly apiUrl: string;
  readonly chatPageEnabled: boolean;
  readonly docsEnabled: boolean;
  /** The location of the data, for people. */
  readonly location: string;
  readonly simulated: readonly Simulated[];
  readonly administrator: FirstAdministrator;
}

/** The text that is shown when everything runs: addresses, data, and a first command. */
export function banner({ apiUrl, chatPageEnabled, docsEnabled, location, simulated, administrator }: BannerInput): string {
  const lines = [
    ...(chatPageEnabled ? [['Chat page', `${apiUrl}/`]] : []),
    ['Administration', `${apiUrl}/admin/ui`],
    ['API', apiUrl],
    ...(docsEnabled ? [['Swagger UI', `${apiUrl}/docs`]] : []),
    ['Data', location],
    ...simulated.map(({ name, url, remedy }) => ['Simulated', `${name}, at ${url} (${remedy})`]),
    ...describe(administrator),
  ];
  return [
    '',
    ...lines.map(([name = '', value = '']) => `  ${name.padEnd(14)} ${value}`),
    '',
    '  Try:',
    `  ${firstCommand(apiUrl)}`,
    '',
    '  Ctrl-C stops everything.',
    '',
  ].join('\n');
}

function describe(administrator: FirstAdministrator): string[][] {
  switch (administrator.kind) {
    case 'created':
      return [
        ['Administrator', `username ${administrator.username}, password ${administrator.password}`],
        ['', 'shown this once only: keep it'],
      ];
    case 'refused':
      return [['Administrator', `none: ${administrator.reason} \`npm run admin:create\` creates one with another name and number.`]];
    case 'exists':
      return [];
  }
}

/** A sign-up with a random name and number, so that it works after each start. */
function firstCommand(apiUrl: string): string {
  const number = String(randomInt(1_000_000)).padStart(6, '0');
  const body = { username: `guest_${number}`, mobile_number: `+919800${number}`, password: 'correct horse battery' };
  return `curl -s ${apiUrl}/auth/signup -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
}
