/**
 * Messages of a user in one index block: their words share a mark. A search looks into the index once for each block
 * and reads at most one block more than the messages that it ranks.
 */
export const INDEX_BLOCK = 2_048;

/**
 * SQL of the mark of one index block of a user's messages. Two users whose ids end alike share marks, so a search also
 * compares the user.
 */
export const mark = (userId: string, block: string): string => `right(${userId}::text, 12) || lpad(to_hex(${block}), 4, '0')`;

/**
 * SQL that turns the text of `toVector` into the words of a message.
 *
 * @param number of the message among those of its owner, in the order in which they were indexed
 */
export const markedWords = (vector: string, number: string, userId: string): string =>
  `replace(${vector}::text, '~', ${mark(userId, `(${number}) / ${INDEX_BLOCK}`)})::tsvector`;
