import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { type BoundedRow, withinPageBytes } from '../../../database/page-bytes.js';
import { statement } from '../../../database/statement.js';
import type { Message } from '../message.js';
import { MESSAGE } from '../messages.repository.js';
import { mark, STRETCH } from './marked-words.js';
import { MAX_LENGTH, toQuery, toVector, type Wanted, WORDS_VERSION } from './words.js';

/** A message in which all the words were found, as far as search.service.ts needs it. */
export interface Match extends BoundedRow {
  readonly message: Message;
  readonly chatroom: { readonly id: string; readonly name: string | null };
  /** Of PostgreSQL's `real`. */
  readonly rank: number;
}

/** Where a page goes on, and the moment as of which the matches are counted. */
export interface SearchPlace {
  readonly rank: string;
  readonly id: string;
  readonly asOf: string;
}

/** How many matches are ranked: the newest ones. */
const RANKED = 1_000;

type MatchRow = Message & BoundedRow & { readonly chatroom_name: string | null; readonly rank: number; readonly as_of: Date };

/*
 * Words are looked up in one stretch of the user's messages after the other, newest first, until there are enough: a word that is in every message
 * costs a stretch or two, however many messages there are, and a rare one a look into the index for each stretch. LATERAL makes it a nested loop,
 * which LIMIT ends.
 * OFFSET 0 keeps owner, time and order out of what the planner chooses an index for: one on them would be read from end to end for a rare word.
 */
const search = statement<MatchRow>(
  'messages_search',
  `WITH newest AS (
     SELECT found.id, found.rank
     FROM generate_series((SELECT u.indexed_messages / ${STRETCH} FROM users u WHERE u.id = $1), 0, -1) AS stretch
       CROSS JOIN LATERAL (SELECT replace($2, '~', ${mark('$1::uuid', 'stretch')})::tsquery AS query) AS wanted
       CROSS JOIN LATERAL (
         SELECT m.id, ts_rank(m.words, wanted.query) AS rank FROM (
           SELECT m.id, m.words FROM (SELECT * FROM messages WHERE words @@ wanted.query OFFSET 0) m
           WHERE m.user_id = $1 AND ($3::timestamptz IS NULL OR m.created_at <= $3)
           ORDER BY m.created_at DESC, m.id DESC LIMIT ${RANKED}
         ) m
       ) AS found
     LIMIT ${RANKED}
   ), page AS (
     SELECT id, rank FROM newest WHERE (rank, id) < ($4::real, $5::uuid) ORDER BY rank DESC, id DESC LIMIT $6
   )
   ${withinPageBytes(
     `SELECT ${MESSAGE.sql}, c.name AS chatroom_name, page.rank, coalesce($3::timestamptz, now())::timestamptz(3) AS as_of
      FROM page JOIN messages m ON m.id = page.id JOIN chatrooms c ON c.id = m.chatroom_id`,
     { as: 'm', order: 'm.rank DESC, m.id DESC', texts: ['m.content'] },
   )}`,
);

/** A message whose words were made by an older rule. */
export interface OutdatedMessage {
  readonly id: string;
  /** As much of it as words are made of. */
  readonly content: string;
  /** The claim that the content is of. */
  readonly attempt: number;
}

const findOutdated = statement<OutdatedMessage>(
  'messages_find_outdated_words',
  `SELECT m.id, left(m.content, ${MAX_LENGTH}) AS content, m.attempt FROM messages m
   WHERE m.words_version < ${WORDS_VERSION} AND m.content <> '' ORDER BY m.id LIMIT $1`,
);

/*
 * Words keep their mark. A message that had none by the older rule gets a random place among its owner's, so that no
 * stretch fills up. Rows that others hold are left for the next run, so that this statement cannot be part of a
 * deadlock. Times ahead of now come from imports by the previous release, which kept them.
 */
const renewWords = statement<{ id: string }>(
  'messages_renew_words',
  `WITH mine AS (
     SELECT m.id, made.words FROM json_to_recordset($1::json) AS made(id uuid, attempt integer, words text) JOIN messages m ON m.id = made.id
     WHERE m.attempt = made.attempt AND m.words_version < ${WORDS_VERSION} AND m.content <> ''
     ORDER BY m.id FOR NO KEY UPDATE OF m SKIP LOCKED
   )
   UPDATE messages m SET
     words = replace(mine.words, '~',
       coalesce(substr(m.words::text, 2, 16), ${mark('u.id', `(random() * u.indexed_messages)::integer / ${STRETCH}`)}))::tsvector,
     words_version = ${WORDS_VERSION}, created_at = least(m.created_at, now()), completed_at = least(m.completed_at, now())
   FROM mine, users u WHERE m.id = mine.id AND u.id = m.user_id
   RETURNING m.id`,
);

/** Sorts before every match. */
const BEGINNING = { rank: 'Infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff', asOf: null };

@Injectable()
export class SearchRepository {
  constructor(private readonly database: Database) {}

  /** At most `count` of the newest thousand messages of a user with all these words, the best match first. */
  async search(userId: string, wanted: Wanted, after: SearchPlace | null, count: number): Promise<{ matches: Match[]; asOf: string }> {
    const { rank, id, asOf } = after ?? BEGINNING;
    const rows = await this.database.run(search, [userId, toQuery(wanted), asOf, rank, id, count]);
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
    return this.database.run(findOutdated, [count]);
  }

  /**
   * Makes the words of messages by the current rule.
   *
   * @returns how many it changed; messages that others are writing or have written are left out
   */
  async renewWords(messages: readonly OutdatedMessage[]): Promise<number> {
    const made: object[] = [];
    for (const { id, attempt, content } of messages) {
      made.push({ id, attempt, words: toVector(content) });
      // Each may be long: others have their turn in between.
      await setImmediate();
    }
    return (await this.database.run(renewWords, [JSON.stringify(made)])).length;
  }
}
