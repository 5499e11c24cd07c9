import { Injectable } from '@nestjs/common';
import { Metrics } from '../../../common/metrics/metrics.js';
import { ReplyQueue } from '../reply.queue.js';
import { Leases } from './leases.js';

/** What Prometheus is told of the work on replies, besides how they end. */
@Injectable()
export class ReplyMetrics {
  constructor(metrics: Metrics, queue: ReplyQueue, leases: Leases) {
    metrics.observe('reply_jobs', 'Jobs of the queue of replies, over all processes.', 'state', () => queue.countJobs());
    metrics.observe('replies_held', 'Replies that this process works on.', 'state', () => ({ streaming: leases.count }));
  }
}
