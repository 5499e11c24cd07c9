import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Raw, type Repository } from 'typeorm';
import type { Plan } from '../../../common/actor.js';
import { Database } from '../../../database/database.js';
import { columnsOf } from '../../../database/entity-columns.js';
import { type RowOf, typed } from '../../../database/sql-types.js';
import { statement } from '../../../database/statement.js';
import { countInHour } from '../usage/model-hours.js';
import { ModelMetrics } from '../usage/model-metrics.service.js';
import { PricesService, type Tokens } from '../usage/prices.service.js';
import { SummaryEntity } from './summary.entity.js';
import type { SummaryTask } from './summary.queue.js';

const TASK = columnsOf(SummaryEntity, ['messageId', 'kind', 'attempt']);

/** A task, and the number of attempts so far. */
export type DueSummary = RowOf<typeof TASK.columns>;

const CLAIM = { ...TASK.columns, plan: typed<Plan>('text'), titleRequests: 'int4', requestId: 'text?', traceparent: 'text?' } as const;

/**
 * One attempt at a title or summary; writes that name it have no effect once a newer one has begun. `plan` is the
 * owner's. `titleRequests` counts the titles that were requested in the life of the room, with this attempt; it is 0
 * where only an earlier release requested them.
 */
export type SummaryClaim = RowOf<typeof CLAIM>;

/** The outcome of an attempt, and what it consumed. */
export interface SummaryOutcome {
  /** Null gives the task up for good. */
  readonly content: string | null;
  /** The number of messages that the content covers. */
  readonly covered: number;
  readonly model: string;
  readonly outcome: 'completed' | 'failed' | 'blocked';
  readonly reason: string;
  readonly tokens: Tokens | null;
}

const claim = statement({
  name: 'digests_claim',
  parameters: { message_id: 'uuid', kind: 'text', lease_ms: 'float8' },
  columns: CLAIM,
  text: `UPDATE digests d SET attempt = d.attempt + 1, due_at = now() + :lease_ms * interval '1 millisecond'
   FROM messages m JOIN user_plans p ON p.user_id = m.user_id JOIN chatrooms c ON c.id = m.chatroom_id
   WHERE d.message_id = :message_id AND d.kind = :kind AND d.due_at <= now()::timestamptz(3) AND m.id = d.message_id
   RETURNING ${TASK.sql('d')}, p.plan, c.title_requests AS "titleRequests", d.request_id AS "requestId", d.traceparent`,
});

/** The row that a claim holds, as long as no newer attempt has begun. */
const CLAIMED = {
  parameters: { message_id: 'uuid', kind: 'text', attempt: 'int4' },
  sql: `d.message_id = :message_id AND d.kind = :kind AND d.attempt = :attempt AND d.due_at IS NOT NULL`,
} as const;

const postpone = statement({
  name: 'digests_postpone',
  parameters: { ...CLAIMED.parameters, delay_ms: 'float8', uncounted: 'int4' },
  text: `UPDATE digests d SET due_at = now() + :delay_ms * interval '1 millisecond', attempt = d.attempt - :uncounted WHERE ${CLAIMED.sql}`,
});

const COUNTED = {
  model: 'text',
  outcome: 'text',
  reason: 'text',
  input_tokens: 'int8',
  output_tokens: 'int8',
  reasoning_tokens: 'int8',
  cost_micros: 'int8',
} as const;

const COUNT_FINISHED = countInHour({
  from: 'finished',
  id: ':message_id::uuid',
  model: ':model',
  purpose: ':kind',
  outcome: ':outcome',
  reason: ':reason',
  tokens: [':input_tokens::bigint', ':output_tokens::bigint', ':reasoning_tokens::bigint'],
  costMicros: ':cost_micros::bigint',
});

const finishSummary = statement({
  name: 'digests_finish_summary',
  parameters: { ...CLAIMED.parameters, ...COUNTED, content: 'text?', covered: 'int4' },
  text: `WITH finished AS (
     UPDATE digests d SET due_at = NULL, content = :content, covered = CASE WHEN :content::text IS NOT NULL THEN :covered::integer END
     WHERE ${CLAIMED.sql} RETURNING 1
   )
   ${COUNT_FINISHED}`,
});

// The locks are in the order of every statement that changes a list: owner, room, summary. A room that a person has
// named meanwhile, or names at this very moment, keeps that name: the row is tested again once its lock is held.
const finishTitle = statement({
  name: 'digests_finish_title',
  parameters: { ...CLAIMED.parameters, ...COUNTED, content: 'text?' },
  columns: { userId: 'uuid', chatroomId: 'uuid', listVersion: 'float8' },
  text: `WITH claimed AS (
     SELECT m.chatroom_id, m.user_id FROM digests d JOIN messages m ON m.id = d.message_id WHERE ${CLAIMED.sql}
   ), owner AS (
     UPDATE users SET list_version = users.list_version + 1 FROM claimed
     WHERE users.id = claimed.user_id AND :content::text IS NOT NULL RETURNING users.id, users.list_version
   ), named AS (
     UPDATE chatrooms c SET name = :content, updated_at = now() FROM claimed, owner
     WHERE c.id = claimed.chatroom_id AND c.name IS NULL RETURNING 1
   ), finished AS (
     DELETE FROM digests d USING (SELECT count(*) FROM named) AS one WHERE ${CLAIMED.sql} RETURNING 1
   ), counted AS (
     ${COUNT_FINISHED}
   )
   SELECT claimed.user_id AS "userId", claimed.chatroom_id AS "chatroomId", owner.list_version::float8 AS "listVersion" FROM claimed, owner`,
});

type TitledRoom = NonNullable<typeof finishTitle.row>;

const firstContents = statement({
  name: 'digests_first_contents',
  parameters: { message_id: 'uuid', characters: 'int4', messages: 'int8' },
  columns: { content: 'text' },
  text: `SELECT left(f.content, :characters) AS content
   FROM messages m JOIN messages f ON f.chatroom_id = m.chatroom_id AND f.role = 'user'
   WHERE m.id = :message_id ORDER BY f.position LIMIT :messages`,
});

/** Titles and summaries of conversations, which the table `digests` holds. */
@Injectable()
export class SummariesRepository {
  constructor(
    private readonly database: Database,
    private readonly prices: PricesService,
    private readonly metrics: ModelMetrics,
    @InjectRepository(SummaryEntity) private readonly summaries: Repository<SummaryEntity>,
  ) {}

  /** @returns null when there is nothing to do, or not yet, or another process does it */
  async claim({ messageId, kind }: SummaryTask, leaseMs: number): Promise<SummaryClaim | null> {
    const [claimed] = await this.database.run(claim, { message_id: messageId, kind, lease_ms: leaseMs });
    return claimed ?? null;
  }

  /** @param isCounted false when the attempt does not count, because the model was not called */
  async postpone(
    { messageId, kind, attempt }: SummaryClaim,
    { delayMs, isCounted }: { readonly delayMs: number; readonly isCounted: boolean },
  ): Promise<void> {
    await this.database.run(postpone, { message_id: messageId, kind, attempt, delay_ms: delayMs, uncounted: isCounted ? 0 : 1 });
  }

  /**
   * Finishes a title or summary, once. A title becomes the name of its room, unless that has one; both are counted with
   * what they cost.
   *
   * @returns the room and the version of its owner's list, if that was raised; otherwise null
   */
  async finish(
    { messageId, kind, attempt }: SummaryClaim,
    { content, covered, model, outcome, reason, tokens }: SummaryOutcome,
  ): Promise<TitledRoom | null> {
    const values = {
      message_id: messageId,
      kind,
      attempt,
      model,
      outcome,
      reason,
      input_tokens: tokens?.inputTokens ?? 0,
      output_tokens: tokens?.outputTokens ?? 0,
      reasoning_tokens: tokens?.reasoningTokens ?? 0,
      cost_micros: tokens === null ? 0 : this.prices.costOf(model, tokens),
      content,
    };
    const titled = kind === 'title' ? await this.database.run(finishTitle, values) : [];
    if (kind === 'summary') await this.database.run(finishSummary, { ...values, covered });
    this.metrics.countTokens({ model, purpose: kind }, tokens);
    return titled[0] ?? null;
  }

  /** The beginnings of the first messages that the user wrote in the room of a message, oldest first. */
  async firstContents(
    messageId: string,
    { characters, messages }: { readonly characters: number; readonly messages: number },
  ): Promise<string[]> {
    const rows = await this.database.run(firstContents, { message_id: messageId, characters, messages });
    return rows.map(({ content }) => content);
  }

  /** At most `count` titles and summaries that have been due for `lateMs`. */
  async findDue(lateMs: number, count: number): Promise<DueSummary[]> {
    return this.summaries.find({
      select: { messageId: true, kind: true, attempt: true },
      where: { dueAt: Raw((dueAt) => `${dueAt} <= now() - :lateMs * interval '1 millisecond'`, { lateMs }) },
      order: { dueAt: 'ASC' },
      take: count,
    });
  }
}
