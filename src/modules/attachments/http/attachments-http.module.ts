import { Module } from '@nestjs/common';
import { AttachmentsModule } from '../attachments.module.js';
import { AttachmentsController } from './attachments.controller.js';
import { FileReceiver } from './file-receiver.js';
import { FileResponder } from './file-responder.js';
import { FilesController } from './files.controller.js';

@Module({
  imports: [AttachmentsModule],
  controllers: [AttachmentsController, FilesController],
  providers: [FileReceiver, FileResponder],
})
export class AttachmentsHttpModule {}
