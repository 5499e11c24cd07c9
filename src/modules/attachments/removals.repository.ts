import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

// Those that are taken are due again after a while, unless they are forgotten before.
const takeDue = statement({
  name: 'attachment_removals_take',
  parameters: { again_at: 'timestamptz', count: 'int8' },
  columns: { id: 'uuid' },
  text: `UPDATE attachment_removals SET due_at = :again_at WHERE attachment_id IN (
     SELECT attachment_id FROM attachment_removals WHERE due_at <= now() ORDER BY due_at LIMIT :count FOR UPDATE SKIP LOCKED
   ) RETURNING attachment_id AS id`,
});

// One that was asked for again meanwhile is due at another time, and stays.
const forget = statement({
  name: 'attachment_removals_forget',
  parameters: { ids: 'uuid[]', again_at: 'timestamptz' },
  text: `DELETE FROM attachment_removals WHERE attachment_id = ANY (:ids::uuid[]) AND due_at = :again_at`,
});

const findExpired = statement({
  name: 'attachments_expired',
  parameters: { upload_ms: 'float8', unheld_ms: 'float8', count: 'int8' },
  columns: { id: 'uuid', userId: 'uuid' },
  text: `SELECT id, user_id AS "userId" FROM attachments
   WHERE NOT is_held AND created_at < now() - CASE WHEN stored_at IS NULL THEN :upload_ms::float8 ELSE :unheld_ms::float8 END * interval '1 millisecond'
   ORDER BY created_at LIMIT :count`,
});

const removeOrphans = statement({
  name: 'attachment_removals_of_orphans',
  parameters: { ids: 'uuid[]' },
  columns: { id: 'uuid' },
  text: `INSERT INTO attachment_removals (attachment_id)
   SELECT o.id FROM unnest(:ids::uuid[]) AS o(id) WHERE NOT EXISTS (SELECT FROM attachments a WHERE a.id = o.id)
   ON CONFLICT DO NOTHING RETURNING attachment_id AS id`,
});

const RANGE = `a.id > :after AND a.id <= :until`;
const RANGE_PARAMETERS = { after: 'uuid', until: 'uuid' } as const;

const toParameters = ({ after, until }: IdRange) => ({
  after: after ?? '00000000-0000-0000-0000-000000000000',
  until: until ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff',
});

const findLost = statement({
  name: 'attachments_lost',
  parameters: { ...RANGE_PARAMETERS, ids: 'uuid[]', count: 'int8' },
  columns: { id: 'uuid' },
  text: `SELECT a.id FROM attachments a
   WHERE ${RANGE} AND a.stored_at < now() - interval '1 hour' AND NOT EXISTS (SELECT FROM unnest(:ids::uuid[]) AS o(id) WHERE o.id = a.id)
   ORDER BY a.id LIMIT :count`,
});

// The previous release deletes rooms without their attachments. One that no message has any more is never taken again.
const releaseUnused = statement({
  name: 'attachments_release_unused',
  parameters: RANGE_PARAMETERS,
  columns: { id: 'uuid' },
  text: `UPDATE attachments a SET is_held = false
   WHERE ${RANGE} AND a.is_held AND NOT EXISTS (SELECT FROM message_attachments m WHERE m.attachment_id = a.id) RETURNING a.id`,
});

/** A range of ids: after the first, up to the second; null is without that end. */
export interface IdRange {
  readonly after: string | null;
  readonly until: string | null;
}

/** What is to be deleted: records of objects whose attachments are gone, and attachments that nobody needs. */
@Injectable()
export class RemovalsRepository {
  constructor(private readonly database: Database) {}

  /** Takes at most `count` objects that are to be deleted. They are due again at `againAt`. @returns their ids */
  async takeDue(count: number, againAt: Date): Promise<string[]> {
    return (await this.database.run(takeDue, { again_at: againAt, count })).map(({ id }) => id);
  }

  /** Forgets objects of `takeDue` that the store has deleted. */
  async forget(ids: readonly string[], againAt: Date): Promise<void> {
    await this.database.run(forget, { ids, again_at: againAt });
  }

  /** At most `count` uploads, and attachments without a message, that began longer than so many ms ago. */
  findExpired(uploadMs: number, unheldMs: number, count: number): Promise<{ readonly id: string; readonly userId: string }[]> {
    return this.database.run(findExpired, { upload_ms: uploadMs, unheld_ms: unheldMs, count });
  }

  /** Has those objects deleted that no attachment has. @returns their ids */
  async removeOrphans(ids: readonly string[]): Promise<string[]> {
    return (await this.database.run(removeOrphans, { ids })).map(({ id }) => id);
  }

  /** At most `count` attachments of a range whose objects are not among `ids`, those of that range. */
  async findLost(range: IdRange, ids: readonly string[], count: number): Promise<string[]> {
    return (await this.database.run(findLost, { ...toParameters(range), ids, count })).map(({ id }) => id);
  }

  /** Lets attachments of a range expire whose messages are gone. */
  async releaseUnused(range: IdRange): Promise<string[]> {
    return (await this.database.run(releaseUnused, toParameters(range))).map(({ id }) => id);
  }
}
