import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { ServiceUnavailableError } from '../../common/errors/common.errors.js';
import { isId } from '../../common/ids.js';
import { type ByteRange, ObjectMissingError, ObjectStore } from './object-store.js';
import { Spool } from './spool.js';

const PREFIX = 'attachments/';
/** In bytes. S3 takes no smaller part but the last one. */
const PART = 5 * 1024 * 1024;
/** Tries of a request with a body, which the SDK cannot read again. */
const TRIES = 3;
const CONCURRENT_DELETIONS = 10;
/** Time in which a try has to be answered, and in which the next bytes of an answer have to come. */
const TIMEOUT_MS = 30_000;

export interface S3Settings {
  /** Undefined: that of AWS in the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly timeoutMs?: number;
}

/** Objects in a bucket of any S3-compatible store, whose checksums it compares with ours. */
export class S3Store extends ObjectStore {
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly timeoutMs: number;

  constructor({ endpoint, region, bucket, accessKeyId, secretAccessKey, timeoutMs = TIMEOUT_MS }: S3Settings) {
    super();
    this.bucket = bucket;
    this.timeoutMs = timeoutMs;
    this.client = new S3Client({
      region,
      credentials: { accessKeyId, secretAccessKey },
      // Stores other than AWS have one host for all buckets.
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      // The SDK would write to the console, beside the log, that it does not repeat a request with a body.
      logger: { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
      // Checksums are sent where this class gives them: not every store knows those that the SDK would add.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: 5_000,
        requestTimeout: timeoutMs,
        // Otherwise the SDK only writes a warning.
        throwOnRequestTimeout: true,
        httpAgent: { maxSockets: 200 },
        httpsAgent: { maxSockets: 200 },
      },
    });
  }

  async put(id: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const spool = await Spool.open();
    const upload = new MultipartUpload(this.client, { Bucket: this.bucket, Key: keyOf(id) });
    try {
      for await (const chunk of bytes) {
        if (spool.length >= PART) {
          await upload.send(spool);
          spool.clear();
        }
        await spool.append(chunk);
      }
      await upload.end(spool);
    } catch (error) {
      await upload.abort();
      throw error;
    } finally {
      await spool.close();
    }
  }

  async read(id: string, { first, last }: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const command = new GetObjectCommand({ Bucket: this.bucket, Key: keyOf(id), Range: `bytes=${first}-${last}` });
    const options = signal === undefined ? {} : { abortSignal: signal };
    const answer = await attempt(() => this.client.send(command, options), { missing: id, signal });
    const body = answer.Body as Readable | undefined;
    if (body === undefined || answer.ContentLength !== last - first + 1) {
      body?.destroy();
      throw new ObjectMissingError(id);
    }
    return this.receive(body, signal);
  }

  async delete(ids: readonly string[]): Promise<string[]> {
    const turns = pLimit(CONCURRENT_DELETIONS);
    const deleted = await Promise.allSettled(ids.map((id) => turns(() => this.deleteOne(id))));
    const failed = deleted.find((result) => result.status === 'rejected');
    if (failed && deleted.every(({ status }) => status === 'rejected')) throw failed.reason;
    return ids.filter((_, i) => deleted[i]?.status === 'fulfilled');
  }

  async list(after: string | null, count: number): Promise<string[]> {
    const ids: string[] = [];
    // The store may end a page early, and others may have put objects of other names there.
    for (let start = after === null ? undefined : keyOf(after); ;) {
      const command = new ListObjectsV2Command({ Bucket: this.bucket, Prefix: PREFIX, MaxKeys: count, StartAfter: start });
      const { Contents = [], IsTruncated = false } = await attempt(() => this.client.send(command));
      ids.push(...Contents.map(({ Key = '' }) => Key.slice(PREFIX.length)).filter(isId));
      start = Contents.at(-1)?.Key;
      if (!IsTruncated || start === undefined || ids.length >= count) return ids.slice(0, count);
    }
  }

  close(): void {
    this.client.destroy();
  }

  /** The bytes of an answer. The time that whoever takes a chunk needs for it does not count as the store's. */
  private receive(body: Readable, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const startTimer = () =>
      setTimeout(() => {
        body.destroy(new Error(`the store sent nothing for ${this.timeoutMs} ms`));
      }, this.timeoutMs);
    // Errors of a body that nobody reads any more.
    body.on('error', ignore);
    // Started before the first chunk is asked for, because a client that has left by then never does so.
    return takeChunks(body, { timer: startTimer(), startTimer, signal });
  }

  private async deleteOne(id: string): Promise<void> {
    const object = { Bucket: this.bucket, Key: keyOf(id) };
    for (const { UploadId, Key } of await this.unfinishedUploads(object.Key)) {
      if (Key === object.Key) await attempt(() => this.client.send(new AbortMultipartUploadCommand({ ...object, UploadId })));
    }
    await attempt(() => this.client.send(new DeleteObjectCommand(object)));
  }

  private async unfinishedUploads(key: string) {
    try {
      return (await this.client.send(new ListMultipartUploadsCommand({ Bucket: this.bucket, Prefix: key }))).Uploads ?? [];
    } catch (error) {
      // Such a store removes unfinished uploads by itself.
      if (error instanceof S3ServiceException && error.name === 'NotImplemented') return [];
      throw new ServiceUnavailableError({ cause: error });
    }
  }
}

async function* takeChunks(
  body: Readable,
  {
    timer,
    startTimer,
    signal,
  }: { timer: NodeJS.Timeout; readonly startTimer: () => NodeJS.Timeout; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      yield chunk;
      timer = startTimer();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw new ServiceUnavailableError({ cause: error });
  } finally {
    clearTimeout(timer);
  }
}

const ignore = (): void => undefined;

const keyOf = (id: string): string => `${PREFIX}${id}`;

/** An object on its way: in one request where it is small, else in parts. */
class MultipartUpload {
  private uploadId: string | undefined;
  private readonly parts: { PartNumber: number; ETag: string | undefined }[] = [];

  constructor(
    private readonly client: S3Client,
    private readonly object: { readonly Bucket: string; readonly Key: string },
  ) {}

  async send(spool: Spool): Promise<void> {
    this.uploadId ??= (
      await attempt(() => this.client.send(new CreateMultipartUploadCommand({ ...this.object, ChecksumAlgorithm: 'SHA256' })))
    ).UploadId;
    const part = { UploadId: this.uploadId, PartNumber: this.parts.length + 1 };
    const { ETag, ChecksumSHA256 } = await this.again(() =>
      this.client.send(new UploadPartCommand({ ...this.object, ...part, ...bodyOf(spool) })),
    );
    this.parts.push({ PartNumber: part.PartNumber, ETag, ...(ChecksumSHA256 === undefined ? {} : { ChecksumSHA256 }) });
  }

  async end(spool: Spool): Promise<void> {
    if (this.uploadId === undefined) {
      await this.again(() => this.client.send(new PutObjectCommand({ ...this.object, ...bodyOf(spool) })));
      return;
    }
    if (spool.length > 0) await this.send(spool);
    const upload = { UploadId: this.uploadId, MultipartUpload: { Parts: this.parts } };
    await attempt(() => this.client.send(new CompleteMultipartUploadCommand({ ...this.object, ...upload })));
    this.uploadId = undefined;
  }

  /** What fails here is left to the deletion of the object. */
  async abort(): Promise<void> {
    if (this.uploadId === undefined) return;
    const { uploadId: UploadId } = this;
    await this.client.send(new AbortMultipartUploadCommand({ ...this.object, UploadId })).catch(() => undefined);
  }

  private async again<T>(request: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt(request);
      } catch (error) {
        if (tries === TRIES) throw error;
      }
    }
  }
}

const bodyOf = (spool: Spool) => ({ Body: spool.read(), ContentLength: spool.length, ChecksumSHA256: spool.checksum() });

/**
 * @throws ServiceUnavailableError; ObjectMissingError for `missing`, the id of an object that is not in the store; the
 *   reason of the signal
 */
async function attempt<T>(
  request: () => Promise<T>,
  { missing, signal }: { readonly missing?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  try {
    return await request();
  } catch (error) {
    signal?.throwIfAborted();
    const isMissing = error instanceof S3ServiceException && ['NoSuchKey', 'InvalidRange'].includes(error.name);
    if (missing !== undefined && isMissing) throw new ObjectMissingError(missing);
    throw new ServiceUnavailableError({ cause: error });
  }
}
