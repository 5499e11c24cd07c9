import { Injectable } from '@nestjs/common';
import type { Plan } from '../../../common/actor.js';
import { Database } from '../../../database/database.js';
import { statement } from '../../../database/statement.js';
import { countInHour } from '../usage/model-hours.js';
import { PricesService, type Tokens } from '../usage/prices.service.js';
import type { SummaryTask } from './summary.queue.js';

/** One try at a digest; writes that name it have no effect once a newer one has begun. */
export interface SummaryClaim extends SummaryTask {
  readonly attempt: number;
  /** Of the owner. */
  readonly plan: Plan;
  /** How often a title was asked for in the life of the room, this time included; 0 where only an earlier release has asked. */
  readonly titleRequests: number;
}

/** How a try ended: what it made (null gives it up for good), and what it cost. */
export interface SummaryOutcome {
  readonly content: string | null;
  /** Messages that it tells of. */
  readonly covered: number;
  readonly model: string;
  readonly outcome: 'completed' | 'failed' | 'blocked';
  readonly reason: string;
  readonly tokens: Tokens | null;
}

const claim = statement<SummaryClaim>(
  'digests_claim',
  `UPDATE digests d SET attempt = d.attempt + 1, due_at = now() + $3 * interval '1 millisecond'
   FROM messages m JOIN user_plans p ON p.user_id = m.user_id JOIN chatrooms c ON c.id = m.chatroom_id
   WHERE d.message_id = $1 AND d.kind = $2 AND d.due_at <= now() AND m.id = d.message_id
   RETURNING d.message_id AS "messageId", d.kind, d.attempt, p.plan, c.title_requests AS "titleRequests"`,
);

const MINE = `d.message_id = $1 AND d.kind = $2 AND d.attempt = $3 AND d.due_at IS NOT NULL`;

const postpone = statement<never>(
  'digests_postpone',
  `UPDATE digests d SET due_at = now() + $4 * interval '1 millisecond', attempt = d.attempt - $5 WHERE ${MINE}`,
);

const counted = (from: string) =>
  countInHour({
    from,
    id: '$1::uuid',
    model: '$4',
    purpose: '$2',
    outcome: '$5',
    reason: '$6',
    tokens: ['$7::bigint', '$8::bigint', '$9::bigint'],
    costMicros: '$10::bigint',
  });

const endSummary = statement<never>(
  'digests_end_summary',
  `WITH done AS (
     UPDATE digests d SET due_at = NULL, content = $11, covered = CASE WHEN $11::text IS NOT NULL THEN $12::integer END WHERE ${MINE} RETURNING 1
   )
   ${counted('done')}`,
);

// Owner, room, digest: in the order of every statement that changes a list. A room that a person has named meanwhile, or names at this very
// moment, keeps that name: the row is tested again once its lock is had.
const endTitle = statement<never>(
  'digests_end_title',
  `WITH mine AS (
     SELECT m.chatroom_id, m.user_id FROM digests d JOIN messages m ON m.id = d.message_id WHERE ${MINE}
   ), owner AS (
     UPDATE users SET list_version = users.list_version + 1 FROM mine WHERE users.id = mine.user_id AND $11::text IS NOT NULL RETURNING users.id
   ), named AS (
     UPDATE chatrooms c SET name = $11, updated_at = now() FROM mine, owner WHERE c.id = mine.chatroom_id AND c.name IS NULL RETURNING 1
   ), done AS (
     DELETE FROM digests d USING (SELECT count(*) FROM named) AS one WHERE ${MINE} RETURNING 1
   )
   ${counted('done')}`,
);

const firstContents = statement<{ readonly content: string }>(
  'digests_first_contents',
  `SELECT left(f.content, $2) AS content FROM messages m JOIN messages f ON f.chatroom_id = m.chatroom_id AND f.role = 'user'
   WHERE m.id = $1 ORDER BY f.position LIMIT $3`,
);

const due = statement<SummaryTask & { readonly attempt: number }>(
  'digests_due',
  `SELECT message_id AS "messageId", kind, attempt FROM digests WHERE due_at <= now() - $1 * interval '1 millisecond' ORDER BY due_at LIMIT $2`,
);

@Injectable()
export class SummariesRepository {
  constructor(
    private readonly database: Database,
    private readonly prices: PricesService,
  ) {}

  /** @returns null when there is nothing to do, or not yet, or somebody else does it */
  async claim({ messageId, kind }: SummaryTask, leaseMs: number): Promise<SummaryClaim | null> {
    const [claimed] = await this.database.run(claim, [messageId, kind, leaseMs]);
    return claimed ?? null;
  }

  /** @param isTry false when the try is not to count, because nothing was tried */
  async postpone({ messageId, kind, attempt }: SummaryClaim, { delayMs, isTry }: { delayMs: number; isTry: boolean }): Promise<void> {
    await this.database.run(postpone, [messageId, kind, attempt, delayMs, isTry ? 0 : 1]);
  }

  /** Ends a digest, once: a title goes to its room unless that has a name; both are counted with what they cost. */
  async end({ messageId, kind, attempt }: SummaryClaim, { content, covered, model, outcome, reason, tokens }: SummaryOutcome): Promise<void> {
    const { inputTokens, outputTokens, reasoningTokens } = tokens ?? { inputTokens: 0, outputTokens: 0, reasoningTokens: 0 };
    const cost = tokens === null ? 0 : this.prices.costOf(model, tokens);
    const values = [messageId, kind, attempt, model, outcome, reason, inputTokens, outputTokens, reasoningTokens, cost, content];
    if (kind === 'title') await this.database.run(endTitle, values);
    else await this.database.run(endSummary, [...values, covered]);
  }

  /** The beginnings of the first messages that the user wrote in the room of a message, oldest first. */
  async firstContents(messageId: string, { characters, messages }: { characters: number; messages: number }): Promise<string[]> {
    const rows = await this.database.run(firstContents, [messageId, characters, messages]);
    return rows.map(({ content }) => content);
  }

  /** Those that should have been made `lateMs` ago. */
  async due(lateMs: number, count: number): Promise<(SummaryTask & { readonly attempt: number })[]> {
    return this.database.run(due, [lateMs, count]);
  }
}
