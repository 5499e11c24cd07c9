import { randomInt } from 'node:crypto';
import type { FirstAdministrator } from './administrator.js';
import type { Simulated } from './simulators.js';

export interface Surroundings {
  readonly apiUrl: string;
  readonly docsEnabled: boolean;
  /** Where the data is. */
  readonly place: string;
  readonly simulated: readonly Simulated[];
  readonly administrator: FirstAdministrator;
}

/** What is where, once everything runs. */
export function banner({ apiUrl, docsEnabled, place, simulated, administrator }: Surroundings): string {
  const lines = [
    ['API', apiUrl],
    ...(docsEnabled ? [['Swagger UI', `${apiUrl}/docs`]] : []),
    ['Data', place],
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
    case 'made':
      return [
        ['Administrator', `username ${administrator.username}, password ${administrator.password}`],
        ['', 'shown this once only: keep it'],
      ];
    case 'refused':
      return [['Administrator', `none: ${administrator.reason} \`npm run admin:create\` makes one with another name and number.`]];
    case 'there':
      return [];
  }
}

/** Of a name and number that nobody has yet, so that it works whenever it is pasted from a new start. */
function firstCommand(apiUrl: string): string {
  const number = String(randomInt(1_000_000)).padStart(6, '0');
  const body = { username: `guest_${number}`, mobile_number: `+919800${number}`, password: 'correct horse battery' };
  return `curl -s ${apiUrl}/auth/signup -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
}
