import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NotFoundError } from '../errors/common.errors.js';
import { matchesTag } from './entity-tag.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Allows our own files only: no frame around the page, no form that leads elsewhere, and no markup from text but where
 * the named policy makes it, which the chat page has for a frame without scripts.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types search-suggestions',
].join('; ');

/** A name that a bundler ends with the hash of the content: `index-B3x_0aZ9.js`. */
const HASHED = /-[\w-]{8}\.\w+$/;

const compress = promisify(gzip);

interface StaticFile {
  readonly body: Buffer;
  readonly type: string;
  readonly tag: string;
  /** The compressed body, made for the first client that takes it. */
  gzipped?: Promise<Buffer>;
}

/**
 * The files of a page, kept in memory and served with a policy that allows nothing else. `@fastify/static`, which
 * Swagger UI needs, compresses nothing itself and takes its tags from the time of a file, which differs from process to
 * process.
 */
export class StaticFiles {
  private readonly files: ReadonlyMap<string, StaticFile>;

  /** @param folder has no files where it does not exist */
  constructor(folder: URL) {
    this.files = new Map(
      (existsSync(folder) ? readdirSync(folder) : []).flatMap((name): [string, StaticFile][] => {
        const type = TYPES[extname(name)];
        if (type === undefined) return [];
        const body = readFileSync(new URL(name, folder));
        return [[name, { body, type, tag: createHash('sha256').update(body).digest('base64url').slice(0, 27) }]];
      }),
    );
  }

  /** @throws NotFoundError */
  async send(name: string, request: FastifyRequest, response: FastifyReply): Promise<void> {
    const file = this.files.get(name);
    if (!file) throw new NotFoundError();
    const isGzipped = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|\s|$))/.test(request.headers['accept-encoding'] ?? '');
    // A strong tag is of the bytes that are sent, so each encoding has its own.
    const tag = `"${file.tag}${isGzipped ? '-gzip' : ''}"`;
    response
      .header('content-security-policy', POLICY)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache')
      .header('vary', 'Accept-Encoding')
      .header('etag', tag);
    if (matchesTag(request.headers['if-none-match'], tag)) {
      await response.status(304).send();
      return;
    }
    response.header('content-type', file.type);
    if (isGzipped) response.header('content-encoding', 'gzip');
    await response.send(isGzipped ? await (file.gzipped ??= compress(file.body)) : file.body);
  }
}
