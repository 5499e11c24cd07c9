import { Module } from '@nestjs/common';
import { AttachmentsModule } from '../attachments.module.js';
import { AttachmentSweepService } from './attachment-sweep.service.js';

@Module({ imports: [AttachmentsModule], providers: [AttachmentSweepService] })
export class AttachmentsWorkerModule {}
