import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { BodiesInFlight } from '../../../common/http/in-flight.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import type { StoredAttachment } from '../attachment.js';
import { UploadsService } from '../uploads.service.js';
import { receiveFile } from './receive-file.js';

/** Takes the file of a request in, as one of the uploads that this process holds at a time. */
@Injectable()
export class FileReceiver {
  constructor(
    private readonly uploads: UploadsService,
    private readonly bodies: BodiesInFlight,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws TooMuchInFlightError, the errors of `receiveFile` and of `upload` */
  async receive(actor: Actor, { raw }: FastifyRequest): Promise<StoredAttachment> {
    const { ATTACHMENT_MAX_BYTES: maxBytes, UPLOAD_STALL_TIMEOUT: stallMs, UPLOAD_TIMEOUT: totalMs } = this.config;
    const release = this.bodies.uploads.take(actor.userId, 0);
    try {
      return await receiveFile(raw, { maxBytes, stallMs, totalMs }, (file) => this.uploads.upload(actor, file));
    } finally {
      release();
    }
  }
}
