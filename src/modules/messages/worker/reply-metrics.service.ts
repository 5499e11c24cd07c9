import { Injectable } from '@nestjs/common';
import { Metrics } from '../../../common/metrics/metrics.js';
import { ReplyQueue } from '../reply.queue.js';
import { LeasesService } from './leases.service.js';

/** Metrics of the work on replies, besides the counts of finished replies. */
@Injectable()
export class ReplyMetricsService {
  constructor(metrics: Metrics, queue: ReplyQueue, leases: LeasesService) {
    metrics.observe('reply_jobs', 'Jobs of the queue of replies, over all processes.', 'state', () => queue.countJobs());
    metrics.observe('replies_held', 'Replies that this process works on.', 'state', () => ({ streaming: leases.count }));
  }
}
