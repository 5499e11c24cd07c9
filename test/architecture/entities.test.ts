import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entities } from '../../src/apps/cli/entities.js';

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
const textOf = (isWanted: (path: string) => boolean): string =>
  sources
    .filter(isWanted)
    .map((path) => readFileSync(join('src', path), 'utf8'))
    .join('\n');

describe('Entities', () => {
  it('are all listed for migrations', () => {
    const declared = [...textOf((path) => path.endsWith('.entity.ts')).matchAll(/export class (\w+Entity)\b/g)].map(([, name]) => name);
    expect(entities.map(({ name }) => name).sort()).toEqual(declared.sort());
  });

  it('are registered by the module that owns the table', () => {
    const registered = textOf((path) => path.endsWith('.module.ts'));
    expect(entities.map(({ name }) => name).filter((name) => !registered.includes(name))).toEqual([]);
  });

  it('have an injected repository, or a reason in docs/architecture.md', () => {
    const injected = new Set([...textOf(() => true).matchAll(/@InjectRepository\((\w+)\)/g)].map(([, name]) => name));
    const excused = [...readFileSync('docs/architecture.md', 'utf8').matchAll(/^\| `(\w+Entity)` /gm)].map(([, name]) => name);
    const others = entities.map(({ name }) => name).filter((name) => !injected.has(name));
    expect(others.sort()).toEqual(excused.sort());
  });
});
