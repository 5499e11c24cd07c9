import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import { MalformedJsonError, ValidationFailedError } from '../../../common/errors/common.errors.js';
import { tooDeep } from '../../../common/json.js';
import { JsonStructure } from '../../../common/json-structure.js';

/** The levels of a document: itself, its messages, a message, its sources, one of these, its passages, one of these. */
const MAX_DEPTH = 7;
const MAX_FIELDS = 100;
/**
 * Bytes of one message, escapes included: the longest reply and the longest thoughts may take twelve bytes for each
 * code point, and their sources more than a megabyte.
 */
const MAX_MESSAGE = 4 * 1024 * 1024;
/** Bytes of everything but the messages, including the white space between them. */
const MAX_FRAME = 4 * 1024 * 1024;
/** Bytes that are scanned before other requests run. */
const AT_A_TIME = 256 * 1024;

/** A document in parts that are small enough to be parsed one by one. */
export interface DocumentParts {
  /** The document with an empty object instead of every message. */
  readonly frame: unknown;
  readonly messageCount: number;
  /** @throws MalformedJsonError */
  readonly parseMessage: (i: number) => unknown;
}

/**
 * Splits a document into its messages and the rest, so that no step blocks the event loop, however large the document
 * is. Depth and sizes are checked before anything is parsed.
 *
 * @throws MalformedJsonError, ValidationFailedError
 */
export async function splitDocument(file: Buffer): Promise<DocumentParts> {
  if (!isUtf8(file)) throw new MalformedJsonError();
  const frame = new Frame(file);
  const [starts, ends]: [number[], number[]] = [[], []];
  const kinds: ('object' | 'list')[] = [];
  const fields: number[] = [];
  const structure = new JsonStructure({
    open(index, depth, kind) {
      if (depth > MAX_DEPTH) throw tooDeep(MAX_DEPTH);
      kinds[depth] = kind;
      fields[depth] = 1;
      if (depth !== 3 || kind !== 'object' || kinds[1] !== 'object' || kinds[2] !== 'list') return;
      starts.push(index);
      frame.takeUntil(index + 1);
    },
    close(index, depth) {
      if (depth !== 3 || starts.length === ends.length) return;
      if (index - (starts.at(-1) ?? 0) > MAX_MESSAGE)
        throw refusal(`messages.${ends.length}`, `must not be larger than ${MAX_MESSAGE} bytes`);
      ends.push(index + 1);
      frame.skipUntil(index);
    },
    separate(depth) {
      if (kinds[depth] !== 'object') return;
      fields[depth] = (fields[depth] ?? 0) + 1;
      if (fields[depth] <= MAX_FIELDS) return;
      throw refusal(starts.length > ends.length ? `messages.${ends.length}` : '', `must not have more than ${MAX_FIELDS} fields`);
    },
  });
  for (let from = 0; from < file.length; from += AT_A_TIME) {
    structure.scan(file, from, Math.min(file.length, from + AT_A_TIME));
    await setImmediate();
  }
  return {
    frame: file.length === 0 ? {} : parse(frame.end()),
    messageCount: ends.length,
    parseMessage: (i) => parse(file.toString('utf8', starts[i], ends[i])),
  };
}

/** The parts of the file that are not messages. */
class Frame {
  private readonly bytes: Buffer;
  private length = 0;
  private position = 0;

  constructor(private readonly file: Buffer) {
    this.bytes = Buffer.allocUnsafe(Math.min(file.length, MAX_FRAME));
  }

  takeUntil(index: number): void {
    if (this.length + index - this.position > this.bytes.length)
      throw refusal('', `must not have more than ${MAX_FRAME} bytes besides its messages`);
    this.length += this.file.copy(this.bytes, this.length, this.position, index);
    this.position = index;
  }

  skipUntil(index: number): void {
    this.position = index;
  }

  end(): string {
    this.takeUntil(this.file.length);
    return this.bytes.toString('utf8', 0, this.length);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    throw new MalformedJsonError();
  }
}

const refusal = (field: string, message: string) => new ValidationFailedError([{ field, message }]);
