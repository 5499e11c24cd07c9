import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Stack, startStack } from '../support/stack.js';

/*
 * The documented blocks as they stand, but for the server's address: those of a shell are run, and those of TypeScript
 * compiled, and run where they make no component.
 */

const PRINTED_ADDRESS = 'http://127.0.0.1:3000';

/** What the documentation leaves to the reader's own application. */
const READERS_OWN = `
declare const API: string;
declare function currentToken(): Promise<string | null>;
declare function refreshedToken(): Promise<string | null>;
`;

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    jsx: 'react-jsx',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    allowImportingTsExtensions: true,
  },
};

const run = promisify(execFile);

let stack: Stack;
let folder: string;

beforeAll(async () => {
  stack = await startStack();
  folder = mkdtempSync(join(tmpdir(), 'clients-'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await stack.close();
});

/** The blocks of a section of a page, by the language that they name. */
function blocks(page: string, heading: string): { language: string; code: string }[] {
  const text = readFileSync(page, 'utf8');
  const section = text.split(/^(?=## )/m).find((part) => part.startsWith(`## ${heading}\n`));
  if (section === undefined) throw new Error(`${page} has no section ${heading}`);
  return [...section.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language = '', code = '']) => ({
    language,
    code: code.replaceAll(PRINTED_ADDRESS, stack.api.origin),
  }));
}

const codeOf = (found: readonly { language: string; code: string }[], language: string) =>
  found
    .filter((block) => block.language === language)
    .map(({ code }) => code)
    .join('\n');

const shell = async (script: string, cwd = folder) => (await run('bash', ['-euo', 'pipefail', '-c', script], { cwd })).stdout;

/** Compiles a file of the folder strictly, and then runs it. @returns what it prints */
async function runTypeScript(file: string): Promise<string> {
  compile(file);
  const runner = "import { runnerImport } from 'vite'; await runnerImport(process.argv[1], { configFile: false });";
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', runner, join(folder, file)], { cwd: folder });
  return stdout;
}

function compile(file: string): void {
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...TSCONFIG, files: [file] }));
  try {
    execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', folder], { cwd: folder });
  } catch (error) {
    throw new Error((error as { stdout: Buffer }).stdout.toString(), { cause: error });
  }
}

test('the first conversation of README ends with a completed reply, and its stream with [DONE]', async () => {
  const output = await shell(codeOf(blocks('README.md', 'A first conversation'), 'sh'));
  expect(output).toContain('"is_verified":true');
  expect(output).toContain('You wrote: “What should I see in Kyoto?”');
  expect(output).toMatch(/data: \{"type":"text-delta".*data: \[DONE\]\s+$/s);
});

test('curl', async () => {
  const output = await shell(codeOf(blocks('docs/clients.md', 'curl'), 'sh'));
  expect((JSON.parse(output) as { data: { name: string }[] }).data.map(({ name }) => name)).toEqual(['Kyoto']);
});

test('openapi-fetch', async () => {
  const found = blocks('docs/clients.md', 'openapi-fetch');
  await shell(codeOf(found, 'sh'));
  writeFileSync(join(folder, 'fetch.ts'), `${codeOf(found, 'ts')}console.log(rooms?.data.map(({ name }) => name));\n`);
  expect((await runTypeScript('fetch.ts')).trim().split('\n')).toEqual(['pending', "[ 'Kyoto' ]"]);
});

test('hey-api', async () => {
  const found = blocks('docs/clients.md', 'hey-api');
  await shell(codeOf(found, 'sh'));
  writeFileSync(join(folder, 'hey.ts'), `${codeOf(found, 'ts')}console.log(rooms?.data.map(({ name }) => name));\n`);
  const output = await runTypeScript('hey.ts');
  expect(output).toContain("type: 'text-delta'");
  expect(output).toMatch(/\[DONE\]\n\[.*'Kyoto'.*\]\n$/s);
});

test('useChat is compiled against the files that it is copied with', () => {
  for (const part of ['api', 'conversation']) mkdirSync(join(folder, part), { recursive: true });
  for (const file of ['api/refusal.ts', 'api/authorised-fetch.ts', 'api/schema.d.ts', 'conversation/room-chat.ts'])
    cpSync(resolve('web/src', file), join(folder, file));
  writeFileSync(join(folder, 'chat.tsx'), `${READERS_OWN}${codeOf(blocks('docs/clients.md', 'useChat'), 'tsx')}`);
  compile('chat.tsx');
});
