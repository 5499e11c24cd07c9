import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** The limit in characters, far above that of passwords. */
const MAX_LENGTH = 4_096;

/** Reads the first line of standard input, which a terminal does not show. @returns null for none, or a too long one */
export async function readSecret(prompt: string): Promise<string | null> {
  return process.stdin.isTTY ? ask(prompt) : readLine();
}

async function ask(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  // readline edits the line as the terminal would, and writes its echo to nowhere.
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // The terminal passes Ctrl-C on as a key.
  lines.once('SIGINT', () => process.exit(130));
  try {
    return await lines.question('');
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

async function readLine(): Promise<string | null> {
  let read = '';
  for await (const chunk of process.stdin.setEncoding('utf8') as AsyncIterable<string>) {
    read += chunk;
    if (read.length > MAX_LENGTH) return null;
    if (read.includes('\n')) break;
  }
  return read.split(/\r?\n/, 1)[0] ?? null;
}
