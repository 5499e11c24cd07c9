import { Module } from '@nestjs/common';
import { GeminiModule } from '../../../integrations/gemini/index.js';
import { MessagesModule } from '../messages.module.js';
import { LeasesService } from './leases.service.js';
import { ModelFileSweepService } from './model-file-sweep.service.js';
import { ModelFilesService } from './model-files.service.js';
import { ReplyProcessor } from './reply.processor.js';
import { ReplyWriterService } from './reply-writer.service.js';
import { SummaryProcessor } from './summary.processor.js';
import { SummaryWriterService } from './summary-writer.service.js';
import { SweeperService } from './sweeper.service.js';
import { WordRenewalService } from './word-renewal.service.js';

@Module({
  imports: [MessagesModule, GeminiModule],
  providers: [
    ReplyProcessor,
    ReplyWriterService,
    LeasesService,
    ModelFilesService,
    ModelFileSweepService,
    SweeperService,
    SummaryProcessor,
    SummaryWriterService,
    WordRenewalService,
  ],
})
export class MessagesWorkerModule {}
