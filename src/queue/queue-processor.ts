import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { applyDecorators, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Job } from 'bullmq';
import { type RequestContext, requestContext } from '../common/request-context.js';
import { type QueueName, workerOptionsOf } from './worker-options.js';

export const ProcessedQueue = DiscoveryService.createDecorator<QueueName>();

/** Makes a `QueueProcessor` the one that handles the jobs of a queue. */
export const ProcessesQueue = (queue: QueueName): ClassDecorator =>
  applyDecorators(Processor(queue, workerOptionsOf(queue)), ProcessedQueue(queue));

/**
 * Handles the jobs of one queue, each in a request context of its own. It takes jobs from the moment when the process
 * has started, until `QueueWorkersModule` stops it.
 */
export abstract class QueueProcessor<Data> extends WorkerHost implements OnApplicationBootstrap {
  protected readonly logger = new Logger(this.constructor.name);
  private readonly contexts = new WeakMap<object, RequestContext>();

  override async process(job: Job<Data, void>): Promise<void> {
    const context: RequestContext = { jobId: job.id ?? job.name };
    this.contexts.set(job, context);
    await requestContext.run(context, () => this.handle(job));
  }

  /** Does the work of a job. BullMQ repeats a job whose handler throws, as often as the job's `attempts` allow. */
  protected abstract handle(job: Job<Data, void>): Promise<void>;

  /** Waits for the connections of the worker, because BullMQ cannot close one that has never been ready. */
  async onApplicationBootstrap(): Promise<void> {
    await this.worker.waitUntilReady();
    this.worker.run().catch((error: unknown) => {
      this.logger.error(error);
    });
  }

  /** Takes no more jobs, and resolves when those in work have ended. */
  async stop(): Promise<void> {
    await this.worker.close();
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job<Data, void> | undefined, error: Error): void {
    // The event comes outside of the job's context.
    const context = job && this.contexts.get(job);
    if (context === undefined) this.logFailure(job, error);
    else
      requestContext.run(context, () => {
        this.logFailure(job, error);
      });
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn(`queue ${this.worker.name}: ${error.message}`);
  }

  /** @param job undefined when BullMQ gave up a job that was stalled too often and is gone */
  protected logFailure(job: Job<Data, void> | undefined, error: Error): void {
    this.logger.error('a job failed', error, { queue: this.worker.name, job_id: job?.id ?? null, attempt: job?.attemptsMade ?? 0 });
  }
}
