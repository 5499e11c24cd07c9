import { readFileSync } from 'node:fs';
import { generatedFiles } from '../../src/apps/cli/generated-files.js';
import { loadConfig } from '../../src/config/env.js';

it.each(['openapi.json', 'docs/routes.md', 'docs/statements.sql', '.env.example', 'postman/gemini-chat.postman_collection.json'])(
  '%s is what `npm run generate` makes of the code',
  async (path) => {
    expect(readFileSync(path, 'utf8')).toBe((await generatedFiles())[path]);
  },
);

it('.env.example names what each setting is without it', () => {
  const lines = readFileSync('.env.example', 'utf8').matchAll(/^# ([A-Z_]+)=(.*)$/gm);
  const source = Object.fromEntries([...lines].map(([, name = '', value]) => [name, value]));
  expect(Object.keys(source)).toContain('DATABASE_URL');
  expect(loadConfig({ source })).toEqual(loadConfig({ source: {} }));
});
