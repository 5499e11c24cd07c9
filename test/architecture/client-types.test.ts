import { execFileSync } from 'node:child_process';

it('web/src/api/schema.d.ts is what `npm run generate` makes of openapi.json', () => {
  const words = ['openapi-typescript', 'openapi.json', '--default-non-nullable', 'false', '-o', 'web/src/api/schema.d.ts', '--check'];
  // Ends with another code, and throws, where the file is out of date.
  execFileSync('npx', words, { stdio: 'pipe', shell: process.platform === 'win32' });
});
