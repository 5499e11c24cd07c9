import { Module } from '@nestjs/common';
import { GeminiModule } from '../../../integrations/gemini/index.js';
import { MessagesModule } from '../messages.module.js';
import { DigestProcessor } from './digest.processor.js';
import { DigestWriter } from './digest-writer.js';
import { Leases } from './leases.js';
import { ReplyMetrics } from './reply-metrics.js';
import { ReplyProcessor } from './reply.processor.js';
import { ReplyWriter } from './reply-writer.js';
import { Sweeper } from './sweeper.js';
import { WordRenewal } from './word-renewal.js';

@Module({
  imports: [MessagesModule, GeminiModule],
  providers: [ReplyProcessor, ReplyWriter, Leases, Sweeper, ReplyMetrics, DigestProcessor, DigestWriter, WordRenewal],
})
export class MessagesWorkerModule {}
