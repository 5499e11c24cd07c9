import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ObjectStoreModule } from '../../integrations/object-store/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { AttachmentEntity } from './attachment.entity.js';
import { AttachmentRemovalEntity } from './attachment-removal.entity.js';
import { AttachmentsRepository } from './attachments.repository.js';
import { AttachmentsService } from './attachments.service.js';
import { LinkAddresses } from './link-addresses.js';
import { LinksService } from './links.service.js';
import { MessageAttachmentEntity } from './message-attachment.entity.js';
import { RemovalsRepository } from './removals.repository.js';
import { UploadsService } from './uploads.service.js';

const PROVIDERS = [AttachmentsRepository, AttachmentsService, UploadsService, LinksService, LinkAddresses, RemovalsRepository];

@Module({
  imports: [
    SubscriptionsModule,
    ObjectStoreModule,
    TypeOrmModule.forFeature([AttachmentEntity, MessageAttachmentEntity, AttachmentRemovalEntity]),
  ],
  providers: PROVIDERS,
  exports: [...PROVIDERS, ObjectStoreModule],
})
export class AttachmentsModule {}
