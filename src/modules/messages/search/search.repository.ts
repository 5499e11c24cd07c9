import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { columnsOf } from '../../../database/entity-columns.js';
import { type BoundedRow, withinPageBytes } from '../../../database/page-bytes.js';
import { type RowOf } from '../../../database/sql-types.js';
import { statement } from '../../../database/statement.js';
import { ATTACHMENT_NAMES_OF_MESSAGE } from '../../attachments/index.js';
import type { Message } from '../message.js';
import { MessageEntity } from '../message.entity.js';
import { MESSAGE, MESSAGE_TEXTS } from '../messages.repository.js';
import { INDEX_BLOCK, mark } from './marked-words.js';
import { MAX_LENGTH, type SearchTerms, toQuery, toVector, WORDS_VERSION } from './words.js';

/** A message that holds all the words, as far as search.service.ts needs it. */
export interface Match extends BoundedRow {
  readonly message: Message;
  readonly chatroom: { readonly id: string; readonly name: string | null };
  readonly rank: number;
}

/** The last match of a page, and the moment as of which the matches are counted. */
export interface SearchCursor {
  readonly rank: number;
  readonly id: string;
  /** An ISO timestamp. */
  readonly asOf: string;
}

/** The number of matches that are ranked: the newest ones. */
const RANKED = 1_000;

/*
 * The statement looks words up in one index block of the user's messages after the other, newest first, until there are
 * enough: a word that is in every message costs a block or two, however many messages there are, and a rare one a look
 * into the index for each block. LATERAL makes it a nested loop, which LIMIT ends.
 * OFFSET 0 keeps owner, time and order out of the planner's choice of an index: one on them would be read from end to
 * end for a rare word.
 */
const search = statement({
  name: 'messages_search',
  parameters: { user_id: 'uuid', query: 'text', as_of: 'timestamptz?', after_rank: 'float4', after_id: 'uuid', count: 'int8' },
  columns: { ...MESSAGE.columns, chatroom_name: 'text?', rank: 'float4', as_of: 'timestamptz', goes_on: 'bool' },
  text: `WITH newest AS (
     SELECT found.id, found.rank
     FROM generate_series((SELECT u.indexed_messages / ${INDEX_BLOCK} FROM users u WHERE u.id = :user_id), 0, -1) AS block
       CROSS JOIN LATERAL (SELECT replace(:query, '~', ${mark(':user_id::uuid', 'block')})::tsquery AS query) AS wanted
       CROSS JOIN LATERAL (
         SELECT m.id, ts_rank(m.words, wanted.query) AS rank FROM (
           SELECT m.id, m.words FROM (SELECT * FROM messages WHERE words @@ wanted.query OFFSET 0) m
           WHERE m.user_id = :user_id AND (:as_of::timestamptz IS NULL OR m.created_at <= :as_of)
           ORDER BY m.created_at DESC, m.id DESC LIMIT ${RANKED}
         ) m
       ) AS found
     LIMIT ${RANKED}
   ), page AS (
     SELECT id, rank FROM newest WHERE (rank, id) < (:after_rank::real, :after_id::uuid) ORDER BY rank DESC, id DESC LIMIT :count
   )
   ${withinPageBytes(
     `SELECT ${MESSAGE.sql}, c.name AS chatroom_name, page.rank, coalesce(:as_of::timestamptz, now())::timestamptz(3) AS as_of
      FROM page JOIN messages m ON m.id = page.id JOIN chatrooms c ON c.id = m.chatroom_id`,
     { as: 'm', order: 'm.rank DESC, m.id DESC', texts: MESSAGE_TEXTS },
   )}`,
});

const OUTDATED = columnsOf(MessageEntity, ['id', 'content', 'attempt']);

/**
 * A message whose words were made by an older rule: its content, up to the length that words are made of, with the
 * names of its attachments, and the attempt that wrote the content.
 */
export type OutdatedMessage = RowOf<typeof OUTDATED.columns>;

// The order of ids is that of the partial index on outdated words.
const findOutdated = statement({
  name: 'messages_find_outdated_words',
  parameters: { count: 'int8' },
  columns: OUTDATED.columns,
  text: `SELECT m.id, concat_ws(E'\\n', left(m.content, ${MAX_LENGTH}), ${ATTACHMENT_NAMES_OF_MESSAGE}) AS content, m.attempt FROM messages m
   WHERE m.words_version < ${WORDS_VERSION} AND m.content <> '' ORDER BY m.id LIMIT :count`,
});

/*
 * Words keep their mark. A message that had none by the older rule gets a random number among its owner's messages, so
 * that no index block fills up. Rows that others hold are left for the next run, so that this statement cannot be part
 * of a deadlock. Times ahead of now come from imports by the previous release, which kept them.
 */
const renewWords = statement({
  name: 'messages_renew_words',
  parameters: { made: 'json' },
  columns: { id: 'uuid' },
  text: `WITH mine AS (
     SELECT m.id, made.words FROM json_to_recordset(:made) AS made(id uuid, attempt integer, words text)
       JOIN messages m ON m.id = made.id
     WHERE m.attempt = made.attempt AND m.words_version < ${WORDS_VERSION} AND m.content <> ''
     ORDER BY m.id FOR NO KEY UPDATE OF m SKIP LOCKED
   )
   UPDATE messages m SET
     words = replace(mine.words, '~',
       coalesce(substr(m.words::text, 2, 16), ${mark('u.id', `(random() * u.indexed_messages)::integer / ${INDEX_BLOCK}`)}))::tsvector,
     words_version = ${WORDS_VERSION}, created_at = least(m.created_at, now()), completed_at = least(m.completed_at, now())
   FROM mine, users u WHERE m.id = mine.id AND u.id = m.user_id
   RETURNING m.id`,
});

/** A key that sorts before every match: PostgreSQL's ranks are below 1000. */
const BEGINNING = { rank: 1_000, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff', asOf: null };

/** The page of a search: it starts after a cursor, and has at most `count` rows. */
export interface SearchPage {
  readonly after: SearchCursor | null;
  readonly count: number;
}

@Injectable()
export class SearchRepository {
  constructor(private readonly database: Database) {}

  /** At most `count` of the newest thousand messages of a user with all these words, the best match first. */
  async search(userId: string, terms: SearchTerms, { after, count }: SearchPage): Promise<{ matches: Match[]; asOf: string }> {
    const { rank, id, asOf } = after ?? BEGINNING;
    const rows = await this.database.run(search, {
      user_id: userId,
      query: toQuery(terms),
      as_of: asOf === null ? null : new Date(asOf),
      after_rank: rank,
      after_id: id,
      count,
    });
    return {
      matches: rows.map((row) => ({
        message: row,
        chatroom: { id: row.chatroomId, name: row.chatroom_name },
        rank: row.rank,
        ...(row.goes_on ? { goes_on: true } : {}),
      })),
      asOf: rows[0]?.as_of.toISOString() ?? '',
    };
  }

  /** The oldest `count` messages whose words were made by an older rule. */
  async findOutdated(count: number): Promise<OutdatedMessage[]> {
    return this.database.run(findOutdated, { count });
  }

  /**
   * Makes the words of messages by the current rule.
   *
   * @returns the number of messages that it changed; messages that others are writing or have written are left out
   */
  async renewWords(messages: readonly OutdatedMessage[]): Promise<number> {
    const made: object[] = [];
    for (const { id, attempt, content } of messages) {
      made.push({ id, attempt, words: toVector(content) });
      // Each text may be long, so other requests run in between.
      await setImmediate();
    }
    return (await this.database.run(renewWords, { made })).length;
  }
}
