import { appendFileSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** A row as it is after a change; null after its deletion. */
export type Change = readonly [table: string, id: string, row: object | null];

const COMPACT_FROM_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** A file with one line per change. It is read and written in pieces, so that its size is bounded by the disk alone. */
export class Journal {
  private bytes = 0;
  private compactedBytes = 0;

  constructor(private readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
  }

  /** Every change, oldest first, without a line that the process died in the middle of: it was never answered for. */
  *read(): Generator<Change> {
    if (!existsSync(this.file)) return;
    for (const line of linesOf(this.file)) {
      const change = parse(line);
      if (change !== undefined) yield change;
    }
  }

  /** @returns whether the journal has become so long that it is worth a `replace` */
  append(changes: Iterable<Change>): boolean {
    const text = [...changes].map(lineOf).join('');
    appendFileSync(this.file, text, { mode: 0o600 });
    this.bytes += text.length;
    return this.bytes > Math.max(COMPACT_FROM_BYTES, this.compactedBytes);
  }

  /** Puts these changes, which together say what there is, in the place of all that was written. Atomic. */
  replace(changes: Iterable<Change>): void {
    const next = `${this.file}.next`;
    const handle = openSync(next, 'w', 0o600);
    let total = 0;
    let piece = '';
    for (const change of changes) {
      piece += lineOf(change);
      if (piece.length < CHUNK_BYTES) continue;
      total += writeAll(handle, piece);
      piece = '';
    }
    total += writeAll(handle, piece);
    fsyncSync(handle);
    closeSync(handle);
    renameSync(next, this.file);
    this.bytes = 0;
    this.compactedBytes = total;
  }
}

const lineOf = (change: Change): string => `${JSON.stringify(change)}\n`;

function parse(line: string): Change | undefined {
  try {
    return JSON.parse(line) as Change;
  } catch {
    return undefined;
  }
}

function writeAll(handle: number, text: string): number {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length;) done += writeSync(handle, bytes, done);
  return bytes.length;
}

function* linesOf(file: string): Generator<string> {
  const handle = openSync(file, 'r');
  try {
    const decoder = new StringDecoder('utf8');
    const buffer = Buffer.alloc(CHUNK_BYTES);
    let rest = '';
    for (let count = readSync(handle, buffer); count > 0; count = readSync(handle, buffer)) {
      const lines = (rest + decoder.write(buffer.subarray(0, count))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    yield rest + decoder.end();
  } finally {
    closeSync(handle);
  }
}
