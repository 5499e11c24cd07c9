import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { BadRequestError, PayloadTooLargeError, RequestTimeoutError, ValidationFailedError } from '../../../common/errors/common.errors.js';
import { UnsupportedFileError } from '../attachments.errors.js';
import type { IncomingFile } from '../uploads.service.js';

/** A sender of fewer bytes in each interval of `stallMs` has stalled. */
const PROGRESS = 16 * 1024;
/** Most bytes of a form beside its file. */
const MAX_FORM_BYTES = 64 * 1024;
/** Bytes that are received before the store has taken them. */
const BUFFER = 64 * 1024;
/** One part, which is no field: what begins beyond that is reported, and is not kept. */
const LIMITS = { parts: 1, fields: 0, headerPairs: 20, headerSize: 16 * 1024 };

const MULTIPART = /^multipart\/form-data[\t ]*;/i;
const BOUNDARY = /;[\t ]*boundary=(?:"([^"]*)"|([^\t ;]*))/i;

interface ReceiveLimits {
  /** The most bytes of the file. */
  readonly maxBytes: number;
  /** Time in which a sender has to make progress. */
  readonly stallMs: number;
  /** Time for the whole form. */
  readonly totalMs: number;
}

/**
 * Reads a form with one file as it arrives.
 *
 * @param take is given the file, whose bytes end when the form was read to its end and had nothing else
 * @returns what `take` returns
 * @throws UnsupportedFileError for another body; PayloadTooLargeError; ValidationFailedError for a form without a file
 *   or with more; BadRequestError for a broken one; RequestTimeoutError when the sender stalls or takes too long; the
 *   errors of `take`
 */
export async function receiveFile<T>(
  request: IncomingMessage,
  limits: ReceiveLimits,
  take: (file: IncomingFile) => Promise<T>,
): Promise<T> {
  const { headers } = request;
  if (!isMultipart(headers) || (headers['content-encoding'] ?? 'identity') !== 'identity') throw new UnsupportedFileError('form');
  const maxBytes = limits.maxBytes + MAX_FORM_BYTES;
  const declared = Number(headers['content-length'] ?? 0);
  if (declared > maxBytes) throw new PayloadTooLargeError();
  const form = new Form(request, headers, { ...limits, maxBytes });
  try {
    const { name, bytes } = await form.file;
    return await take({ name, expectedBytes: Math.max(0, declared - form.frameBytes), bytes: form.read(bytes) });
  } finally {
    form.leave();
  }
}

const isMultipart = (headers: IncomingMessage['headers']): headers is BusboyHeaders => MULTIPART.test(headers['content-type'] ?? '');

interface FilePart {
  readonly name: string;
  readonly bytes: Readable;
}

/** A value that is awaited, and given or refused once. */
class Deferred<T> {
  readonly promise: Promise<T>;
  resolve: (value: T) => void = () => undefined;
  reject: (error: Error) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => undefined);
  }
}

class Form {
  private readonly parser: BusboyInstance;
  private readonly firstFile = new Deferred<FilePart>();
  private readonly end = new Deferred<void>();
  private readonly startedAt = performance.now();
  private stallCheck: NodeJS.Timeout;
  /** Since when the next bytes are the sender's turn; null while they are the store's. */
  private waitingSince: number | null = performance.now();
  /** The sender's time, and what came in it, since the last interval in which progress was made. */
  private waitedMs = 0;
  private received = 0;
  private receivedBefore = 0;
  /** What was received up to the end of the headers of the first part. */
  private head: Buffer = Buffer.alloc(0);
  private headBytes: number | null = null;

  /** @throws BadRequestError for a content type without a boundary */
  constructor(
    private readonly request: IncomingMessage,
    private readonly headers: BusboyHeaders,
    private readonly limits: ReceiveLimits,
  ) {
    this.parser = createParser(headers);
    const refuse = () => {
      this.fail(new ValidationFailedError([{ field: 'file', message: 'the form must have one part, a file named file' }]));
    };
    const fault = () => {
      this.fail(new BadRequestError());
    };
    this.parser
      .on('file', (field, bytes, name) => {
        // Its errors are those of the form.
        bytes.on('error', fault);
        this.stopWaiting();
        if (field === 'file') this.firstFile.resolve({ name, bytes });
        else refuse();
      })
      .on('partsLimit', refuse)
      .on('fieldsLimit', refuse)
      .on('error', fault)
      .on('finish', () => {
        this.end.resolve();
        refuse();
      });
    request.on('data', this.onData).on('close', this.onLeave).on('error', this.onLeave).pipe(this.parser);
    this.stallCheck = setTimeout(this.checkStall, limits.stallMs);
  }

  get file(): Promise<FilePart> {
    return this.firstFile.promise;
  }

  /** Bytes of the form beside its file, as clients write it: headers before the file, and a last boundary after it. */
  get frameBytes(): number {
    const [, quoted, plain = ''] = BOUNDARY.exec(this.headers['content-type']) ?? [];
    return (this.headBytes ?? this.head.length) + '\r\n----\r\n'.length + (quoted ?? plain).length;
  }

  /** The bytes of the file, and then nothing else. */
  async *read(bytes: Readable): AsyncGenerator<Buffer> {
    this.end.promise.catch((error: unknown) => bytes.destroy(error as Error));
    try {
      this.wait();
      for await (const chunk of bytes as AsyncIterable<Buffer>) {
        this.stopWaiting();
        yield chunk;
        this.wait();
      }
    } catch (error) {
      // The stream may report another error than the one that ended it.
      this.fail(error as Error);
    }
    await this.end.promise;
    this.stopWaiting();
  }

  /** The rest of a refused form stays unread, and its errors are ignored. */
  leave(): void {
    clearTimeout(this.stallCheck);
    this.request.off('data', this.onData).off('close', this.onLeave).off('error', this.onLeave);
    this.request.unpipe(this.parser);
    this.request.on('error', () => undefined).pause();
  }

  private fail(error: Error): void {
    this.firstFile.reject(error);
    this.end.reject(error);
  }

  private wait(): void {
    this.waitingSince = performance.now();
  }

  private stopWaiting(): void {
    if (this.waitingSince !== null) this.waitedMs += performance.now() - this.waitingSince;
    this.waitingSince = null;
  }

  /** The time in which the store takes bytes does not count. */
  private readonly checkStall = (): void => {
    const { stallMs } = this.limits;
    if (this.waitingSince !== null) {
      this.stopWaiting();
      this.wait();
    }
    if (this.waitedMs >= stallMs) {
      if (this.received - this.receivedBefore < PROGRESS) this.fail(new RequestTimeoutError());
      this.receivedBefore = this.received;
      this.waitedMs = 0;
    }
    this.stallCheck = setTimeout(this.checkStall, Math.max(stallMs - this.waitedMs, stallMs / 10));
  };

  private readonly onData = (chunk: Buffer): void => {
    this.received += chunk.length;
    if (this.received > this.limits.maxBytes) this.fail(new PayloadTooLargeError());
    if (performance.now() - this.startedAt > this.limits.totalMs) this.fail(new RequestTimeoutError());
    if (this.headBytes !== null || this.head.length > MAX_FORM_BYTES) return;
    this.head = Buffer.concat([this.head, chunk]);
    const end = this.head.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.headBytes = end + 4;
    this.head = Buffer.alloc(0);
  };

  private readonly onLeave = (): void => {
    // A request can be complete and be destroyed before its last bytes were read.
    if (this.request.readableEnded) return;
    this.fail(Object.assign(new Error('The client left in the middle of its body'), { code: 'ECONNRESET', statusCode: 400 }));
  };
}

function createParser(headers: BusboyHeaders): BusboyInstance {
  try {
    return new Busboy({
      headers,
      limits: LIMITS,
      // A name with a path is refused rather than shortened.
      preservePath: true,
      highWaterMark: BUFFER,
      fileHwm: BUFFER,
      isPartAFile: (_field, _type, name) => name !== undefined,
    });
  } catch (error) {
    throw new BadRequestError({ cause: error });
  }
}
