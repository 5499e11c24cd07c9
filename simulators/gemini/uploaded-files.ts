import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { sendJson } from './playback.js';
import { isSupported, type ReadFile, readFile } from './received-file.js';
import { milliseconds, scenariosIn } from './scenarios.js';
import { errorOfStatus, fileMissing, fileNotActive, invalidArgument, unsupportedType, WireError } from './wire-errors.js';

interface Upload {
  mimeType: string;
  displayName: string | null;
  size: number;
  chunks: Buffer[];
  received: number;
}

interface UploadedFile {
  id: string;
  displayName: string | null;
  uri: string;
  mimeType: string;
  sizeBytes: number;
  /** The error of a file that cannot be read, which shows when it is used. */
  content: ReadFile | WireError;
  createdAt: number;
  activeAt: number;
  expiresAt: number;
  hasFailed: boolean;
}

/** Gemini deletes a file after 48 hours. */
const LIFE_MS = 48 * 60 * 60 * 1000;
/** Gemini takes 2 GB; the simulator keeps an upload in memory until it is complete. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_UPLOADS = 100;
const MAX_FILES = 10_000;

/** The Files API: resumable uploads, files that are processed for a while, and their end after 48 hours. */
export class UploadedFiles {
  private readonly uploads = new Map<string, Upload>();
  private readonly files = new Map<string, UploadedFile>();

  /** Answers a route of the API; false for every other route. */
  async answer(request: IncomingMessage, url: URL, response: ServerResponse, processingMs: number): Promise<boolean> {
    const method = request.method ?? 'GET';
    if (url.pathname === '/upload/v1beta/files' && method === 'POST') {
      await this.upload(request, url, response, processingMs);
      return true;
    }
    if (url.pathname === '/v1beta/files' && method === 'GET') {
      sendJson(response, 200, { files: [...this.files.keys()].map((id) => resourceOf(this.fileOf(id))) });
      return true;
    }
    const id = /^\/v1beta\/files\/([^/]+)$/u.exec(url.pathname)?.[1];
    if (id === undefined || (method !== 'GET' && method !== 'DELETE')) return false;
    const file = this.fileOf(id);
    if (method === 'DELETE') this.files.delete(id);
    sendJson(response, 200, method === 'DELETE' ? {} : resourceOf(file));
    return true;
  }

  /**
   * The file at an address, for a request that names it.
   *
   * @throws WireError 403 for one that is gone, 400 for one that is not ready or cannot be read
   */
  readAt(uri: string): ReadFile {
    const file = this.fileOf(/\/v1beta\/files\/([^/?]+)$/u.exec(uri)?.[1] ?? uri);
    if (stateOf(file) !== 'ACTIVE') throw fileNotActive(file.id);
    if (file.content instanceof WireError) throw file.content;
    return file.content;
  }

  /** Ends the life of the files at these addresses, or of all. */
  expire(uris: readonly string[] | null): number {
    const expired = [...this.files.values()].filter(({ uri }) => uris === null || uris.includes(uri));
    for (const { id } of expired) this.files.delete(id);
    return expired.length;
  }

  private fileOf(id: string): UploadedFile {
    const file = this.files.get(id);
    if (file === undefined || file.expiresAt <= Date.now()) throw fileMissing(id);
    return file;
  }

  /** The protocol of resumable uploads: `start`, then `upload` for each piece, the last one with `finalize`. */
  private async upload(request: IncomingMessage, url: URL, response: ServerResponse, processingMs: number): Promise<void> {
    const commands = header(request, 'command').split(/\s*,\s*/u);
    const body = await bodyOf(request);
    if (commands.includes('start')) {
      this.start(request, body, url, response);
      return;
    }
    const id = url.searchParams.get('upload_id') ?? '';
    const upload = this.uploads.get(id);
    if (upload === undefined) throw errorOfStatus(404);
    if (commands.includes('upload')) {
      if (Number(header(request, 'offset')) !== upload.received) throw invalidArgument('offset', `must be ${upload.received}`);
      upload.received += body.length;
      if (upload.received > upload.size) throw invalidArgument('body', 'is longer than was said');
      upload.chunks.push(body);
    }
    if (commands.includes('query')) response.setHeader('x-goog-upload-size-received', upload.received);
    if (!commands.includes('finalize')) {
      response.setHeader('x-goog-upload-status', 'active');
      sendJson(response, 200, {});
      return;
    }
    if (upload.received !== upload.size) throw invalidArgument('body', 'is shorter than was said');
    this.uploads.delete(id);
    response.setHeader('x-goog-upload-status', 'final');
    sendJson(response, 200, { file: resourceOf(this.keep(upload, originOf(request), processingMs)) });
  }

  private start(request: IncomingMessage, body: Buffer, url: URL, response: ServerResponse): void {
    if (header(request, 'protocol') !== 'resumable') throw invalidArgument('x-goog-upload-protocol', 'must be resumable');
    const mimeType = header(request, 'header-content-type');
    const size = Number(header(request, 'header-content-length'));
    if (!isSupported(mimeType)) throw unsupportedType(mimeType);
    if (!Number.isInteger(size) || size < 1 || size > MAX_BYTES) throw invalidArgument('file.size_bytes', `must be from 1 to ${MAX_BYTES}`);
    if (this.uploads.size >= MAX_UPLOADS) throw errorOfStatus(503);
    const id = randomBytes(12).toString('hex');
    this.uploads.set(id, { mimeType, displayName: displayNameIn(body), size, chunks: [], received: 0 });
    response.setHeader('x-goog-upload-status', 'active');
    response.setHeader('x-goog-upload-url', `${originOf(request)}${url.pathname}?upload_id=${id}&upload_protocol=resumable`);
    sendJson(response, 200, {});
  }

  private keep({ mimeType, displayName, size, chunks }: Upload, origin: string, processingMs: number): UploadedFile {
    const bytes = Buffer.concat(chunks);
    const words = scenariosIn(bytes.subarray(0, 4_096).toString());
    const processing = words.find(({ word }) => word === 'file-processing');
    const id = randomBytes(6).toString('hex');
    const createdAt = Date.now();
    const file = {
      id,
      displayName,
      uri: `${origin}/v1beta/files/${id}`,
      mimeType,
      sizeBytes: size,
      content: contentOf(mimeType, bytes),
      createdAt,
      activeAt: createdAt + (processing === undefined ? processingMs : milliseconds(processing.argument, 2000)),
      expiresAt: createdAt + LIFE_MS,
      hasFailed: words.some(({ word }) => word === 'file-failed'),
    };
    this.files.set(id, file);
    for (const oldest of this.files.keys()) {
      if (this.files.size <= MAX_FILES) break;
      this.files.delete(oldest);
    }
    return file;
  }
}

function contentOf(mimeType: string, bytes: Buffer): ReadFile | WireError {
  try {
    return readFile(mimeType, bytes);
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}

function stateOf({ activeAt, hasFailed }: UploadedFile): 'PROCESSING' | 'ACTIVE' | 'FAILED' {
  if (activeAt > Date.now()) return 'PROCESSING';
  return hasFailed ? 'FAILED' : 'ACTIVE';
}

function resourceOf(file: UploadedFile): Record<string, unknown> {
  const { id, displayName, uri, mimeType, sizeBytes, content, createdAt, expiresAt } = file;
  const state = stateOf(file);
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    name: `files/${id}`,
    ...(displayName === null ? {} : { displayName }),
    mimeType,
    sizeBytes: String(sizeBytes),
    createTime: time(createdAt),
    updateTime: time(createdAt),
    expirationTime: time(expiresAt),
    ...(content instanceof WireError ? {} : { sha256Hash: Buffer.from(content.sha256).toString('base64') }),
    uri,
    state,
    source: 'UPLOADED',
    ...(state === 'FAILED' ? { error: { code: 3, message: 'The file could not be processed. (simulated)' } } : {}),
  };
}

const originOf = (request: IncomingMessage): string => `http://${request.headers.host ?? 'localhost'}`;

const header = (request: IncomingMessage, name: string): string => String(request.headers[`x-goog-upload-${name}`] ?? '');

function displayNameIn(body: Buffer): string | null {
  try {
    const { file } = JSON.parse(body.toString()) as { file?: { displayName?: unknown } };
    return typeof file?.displayName === 'string' ? file.displayName : null;
  } catch {
    return null;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw invalidArgument('body', `must have at most ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
