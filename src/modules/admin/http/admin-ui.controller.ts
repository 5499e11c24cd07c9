import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NotFoundError } from '../../../common/errors/common.errors.js';
import { Public } from '../../../common/http/current-actor.decorator.js';
import { matchesTag } from '../../../common/http/entity-tag.js';

interface Asset {
  readonly body: Buffer;
  readonly type: string;
  readonly tag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Allows our own files only: no markup from text, no frame around the page, no form that leads elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const FOLDER = new URL('../ui/', import.meta.url);

/** Serves the admin page: public static files, which call the routes of the other controllers. */
@ApiExcludeController()
@Public()
@Controller('admin/ui')
export class AdminUiController {
  private readonly assets = new Map(
    readdirSync(FOLDER).flatMap((name): [string, Asset][] => {
      const type = TYPES[extname(name)];
      if (type === undefined) return [];
      const body = readFileSync(new URL(name, FOLDER));
      return [[name, { body, type, tag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"` }]];
    }),
  );

  @Get()
  page(@Req() request: FastifyRequest, @Res() response: FastifyReply): void {
    this.send('index.html', request, response);
  }

  @Get(':file')
  file(@Param('file') name: string, @Req() request: FastifyRequest, @Res() response: FastifyReply): void {
    this.send(name, request, response);
  }

  private send(name: string, request: FastifyRequest, response: FastifyReply): void {
    const asset = this.assets.get(name);
    if (!asset) throw new NotFoundError();
    response
      .header('content-security-policy', POLICY)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'no-cache')
      .header('etag', asset.tag);
    if (matchesTag(request.headers['if-none-match'], asset.tag)) void response.status(304).send();
    else void response.header('content-type', asset.type).send(asset.body);
  }
}
