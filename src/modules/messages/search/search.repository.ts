import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { type BoundedRow, withinPageBytes } from '../../../database/page-bytes.js';
import { statement } from '../../../database/statement.js';
import type { Message } from '../message.js';
import { MESSAGE_COLUMNS } from '../messages.repository.js';
import { mark, STRETCH } from './marked-words.js';
import { toQuery, type Wanted } from './words.js';

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
           WHERE m.user_id = $1 AND m.created_at <= coalesce($3::timestamptz, now())
           ORDER BY m.created_at DESC, m.id DESC LIMIT ${RANKED}
         ) m
       ) AS found
     LIMIT ${RANKED}
   ), page AS (
     SELECT id, rank FROM newest WHERE (rank, id) < ($4::real, $5::uuid) ORDER BY rank DESC, id DESC LIMIT $6
   )
   ${withinPageBytes(
     `SELECT ${MESSAGE_COLUMNS}, c.name AS chatroom_name, page.rank, coalesce($3::timestamptz, now())::timestamptz(3) AS as_of
      FROM page JOIN messages m ON m.id = page.id JOIN chatrooms c ON c.id = m.chatroom_id`,
     { as: 'm', order: 'm.rank DESC, m.id DESC', texts: ['m.content'] },
   )}`,
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
        chatroom: { id: row.chatroom_id, name: row.chatroom_name },
        rank: row.rank,
        ...(row.goes_on ? { goes_on: true } : {}),
      })),
      asOf: rows[0]?.as_of.toISOString() ?? '',
    };
  }
}
