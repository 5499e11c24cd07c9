import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { isId } from '../../common/ids.js';
import { keyedHashesOf } from '../../common/keyed-hash.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { StoredAttachment } from './attachment.js';
import { AttachmentsRepository } from './attachments.repository.js';
import { AttachmentsService } from './attachments.service.js';

const LIFE_MS = 5 * 60_000;
const PURPOSE = 'links to attachments';

export interface AttachmentLink {
  /** `id.expiry.signature`: opens this attachment alone, and is no access token. */
  readonly token: string;
  readonly expiresAt: Date;
}

/** Links that open one attachment for whoever has them. Nothing is stored: a token is signed with a key of its own. */
@Injectable()
export class LinksService {
  constructor(
    private readonly attachments: AttachmentsService,
    private readonly repository: AttachmentsRepository,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws NotFoundError */
  async createLink(actor: Actor, id: string): Promise<AttachmentLink> {
    await this.attachments.getAttachment(actor, id);
    return this.sign(id);
  }

  /** A link to an attachment of any user, for an administrator who may read contents. @throws NotFoundError */
  async createLinkToAny(id: string): Promise<AttachmentLink> {
    if ((await this.repository.find(id, { userId: null })) === null) throw new NotFoundError();
    return this.sign(id);
  }

  /** @throws NotFoundError for a token that is not genuine or has expired, and when the attachment was deleted */
  async openLink(token: string): Promise<StoredAttachment> {
    const [id = '', expiry = '', signature = ''] = token.split('.', 3);
    const given = Buffer.from(signature, 'base64url');
    const isGenuine = keyedHashesOf(`${id}.${expiry}`, PURPOSE, this.config).some(
      (hash) => hash.length === given.length && timingSafeEqual(hash, given),
    );
    const attachment = isGenuine && isId(id) && Date.now() < parseInt(expiry, 36) ? await this.repository.find(id, { userId: null }) : null;
    if (!attachment) throw new NotFoundError();
    return attachment;
  }

  private sign(id: string): AttachmentLink {
    const expiresAt = new Date(Date.now() + LIFE_MS);
    const signed = `${id}.${expiresAt.getTime().toString(36)}`;
    const [signature] = keyedHashesOf(signed, PURPOSE, this.config);
    return { token: `${signed}.${signature.toString('base64url')}`, expiresAt };
  }
}
