import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** In bytes; far more than a password may have. */
const LONGEST = 4_096;

/** The first line of standard input; of a terminal what is typed there, unseen. Null when there is none, or it is too long. */
export async function readSecret(prompt: string): Promise<string | null> {
  return process.stdin.isTTY ? ask(prompt) : readLine();
}

async function ask(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  // readline edits the line as the terminal would, and shows it where nobody sees it.
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // The terminal hands Ctrl-C on as a key, and nothing has been done yet.
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
    if (read.length > LONGEST) return null;
    if (read.includes('\n')) break;
  }
  return read.split(/\r?\n/, 1)[0] ?? null;
}
