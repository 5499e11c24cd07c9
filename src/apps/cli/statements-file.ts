import { type DeclaredStatement, declaredStatements } from '../../database/statement.js';
// Every module, so that all statements are declared.
import '../api/api.module.js';
import '../worker/worker.module.js';

const HEADER = `-- Every named statement as it is sent, but for the parameters: PostgreSQL sees $1, $2, … in the order of the list.
-- Made by \`npm run generate\`; \`npm run check\` fails when it is out of date.
`;

/** The assembled text of every statement, so that a change of what is run shows in review. */
export const statementsFile = (): string => [HEADER, ...declaredStatements().map(toSection)].join('\n');

function toSection({ name, source, parameters, columns }: DeclaredStatement): string {
  const list = (title: string, types: DeclaredStatement['columns']): string[] => {
    const entries = Object.entries(types ?? {});
    return entries.length === 0 ? [] : [`--   ${title}: ${entries.map((entry) => entry.join(' ')).join(', ')}`];
  };
  return [`-- ${name}`, ...list('parameters', parameters), ...list('columns', columns), `${withoutMargin(source)};`, ''].join('\n');
}

/** Without the indentation that the text has from the code around it. */
function withoutMargin(text: string): string {
  const [first = '', ...rest] = text.trim().split('\n');
  const indents = rest.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const margin = Math.min(...indents);
  return [first, ...rest.map((line) => line.slice(margin).trimEnd())].join('\n');
}
