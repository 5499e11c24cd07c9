import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { create as contentDisposition } from 'content-disposition';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { networkOf } from '../../../common/client.js';
import { RangeNotSatisfiableError } from '../../../common/errors/common.errors.js';
import { matchesTag } from '../../../common/http/entity-tag.js';
import { AnswersInFlight, holdUntilRead } from '../../../common/http/in-flight.js';
import type { StoredAttachment } from '../attachment.js';
import { AttachmentsService } from '../attachments.service.js';
import { rangeOf } from './byte-ranges.js';

/** Whatever a file contains, a browser that opens it runs and loads nothing. */
const POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'";

/** The longest time that a download may take. Its client can go on with a range. */
const READ_WITHIN_MS = 10 * 60_000;

/** Answers with the bytes of an attachment: all of them, a range, or none for a client that has them. */
@Injectable()
export class FileResponder {
  constructor(
    private readonly attachments: AttachmentsService,
    private readonly answers: AnswersInFlight,
  ) {}

  /** @throws RangeNotSatisfiableError, TooMuchInFlightError, ServiceUnavailableError */
  async send(attachment: StoredAttachment, request: FastifyRequest & { user?: Actor }, reply: FastifyReply): Promise<void> {
    const { headers } = request;
    const { name, mediaType, size, sha256 } = attachment;
    const tag = `"${sha256.toString('base64url')}"`;
    if (matchesTag(headers['if-none-match'], tag)) {
      await reply.status(304).header('etag', tag).send();
      return;
    }
    const isSameFile = headers['if-range'] === undefined || headers['if-range'] === tag;
    const range = isSameFile ? rangeOf(headers.range, size) : null;
    if (range === 'unsatisfiable') {
      reply.header('content-range', `bytes */${size}`);
      throw new RangeNotSatisfiableError();
    }
    const { first, last } = range ?? { first: 0, last: size - 1 };
    if (last - first >= this.answers.uncounted) {
      const holder = request.user?.userId ?? networkOf(request.ip);
      holdUntilRead(reply.raw, { budget: this.answers.files, holder, bytes: 0, withinMs: READ_WITHIN_MS });
    }
    const bytes = await this.attachments.open(attachment, { range: { first, last } });
    if (range !== null) reply.status(206).header('content-range', `bytes ${first}-${last}/${size}`);
    await reply
      .headers({
        etag: tag,
        'accept-ranges': 'bytes',
        'content-type': mediaType === 'text/plain' ? 'text/plain; charset=utf-8' : mediaType,
        'content-length': last - first + 1,
        'content-disposition': contentDisposition(name, { type: mediaType.startsWith('image/') ? 'inline' : 'attachment' }),
        'content-security-policy': POLICY,
      })
      .send(Readable.from(bytes, { objectMode: false }));
  }
}
