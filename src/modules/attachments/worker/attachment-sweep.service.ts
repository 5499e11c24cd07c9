import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Schedules } from '../../../database/schedules.js';
import { ObjectStore } from '../../../integrations/object-store/index.js';
import { AttachmentsRepository } from '../attachments.repository.js';
import { RemovalsRepository } from '../removals.repository.js';

const BATCH = 100;
/** Objects that the store deletes in one call: few, because a run cannot end within one. */
const DELETED_AT_ONCE = 20;
const RUN_AT_MOST_MS = 5_000;
/** When an object is tried again that the store did not delete. */
const AGAIN_MS = 60_000;
/** Time that an upload may take beyond UPLOAD_TIMEOUT, until the store has its last bytes. */
const END_OF_UPLOAD_MS = 5 * 60_000;
/** The life of an attachment that no message took. */
const UNHELD_MS = 24 * 3_600_000;
/** Objects that are compared with the attachments in one run. */
const PAGE = 1_000;

/**
 * Deletes what nobody needs: uploads that broke off, attachments that no message took, and the objects of all that were
 * deleted, until the store has done it. Compares store and table, page by page, so that neither keeps what the other
 * does not know.
 */
@Injectable()
export class AttachmentSweepService implements OnModuleInit {
  private readonly logger = new Logger(AttachmentSweepService.name);
  /** The end of the last page that was compared; null: the comparison begins anew. */
  private compared: string | null = null;

  constructor(
    private readonly schedules: Schedules,
    private readonly removals: RemovalsRepository,
    private readonly attachments: AttachmentsRepository,
    private readonly store: ObjectStore,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add({ lock: 'attachmentSweep', everyMs: this.config.SWEEP_INTERVAL, work: () => this.sweep() });
    this.schedules.add({
      lock: 'attachmentComparison',
      everyMs: this.config.ATTACHMENT_CHECK_INTERVAL,
      work: () => this.compare(),
    });
  }

  /** Deletes what has expired, and the objects that are due. */
  async sweep(): Promise<void> {
    const expired = await this.removals.findExpired(this.config.UPLOAD_TIMEOUT + END_OF_UPLOAD_MS, UNHELD_MS, BATCH);
    for (const { id, userId } of expired) await this.attachments.deleteUnheld(userId, [id]);
    if (expired.length > 0) this.logger.log(`${expired.length} attachments deleted that no message has`);
    const end = performance.now() + RUN_AT_MOST_MS;
    for (let taken = DELETED_AT_ONCE; taken === DELETED_AT_ONCE && performance.now() < end;) {
      const againAt = new Date(Date.now() + AGAIN_MS);
      const due = await this.removals.takeDue(DELETED_AT_ONCE, againAt);
      taken = due.length;
      if (taken === 0) break;
      const deleted = await this.store.delete(due);
      await this.removals.forget(deleted, againAt);
      if (deleted.length < taken) this.logger.warn(`the store has not deleted ${taken - deleted.length} objects yet`);
    }
  }

  /** Compares the next page of objects with the attachments. */
  async compare(): Promise<void> {
    const after = this.compared;
    const ids = await this.store.list(after, PAGE);
    const until = ids.length < PAGE ? null : (ids.at(-1) ?? null);
    const orphans = await this.removals.removeOrphans(ids);
    if (orphans.length > 0) this.logger.warn(`${orphans.length} objects are deleted that no attachment has`);
    const lost = await this.removals.findLost({ after, until }, ids, BATCH);
    if (lost.length > 0) this.logger.error(`the store has lost the bytes of attachments: ${lost.join(', ')}`);
    await this.removals.releaseUnused({ after, until });
    this.compared = until;
  }
}
