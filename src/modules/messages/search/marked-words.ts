/** Messages of a user whose words share a mark. A search reads at most so many and a thousand, and looks into the index once for each such stretch. */
export const STRETCH = 2_048;

/** SQL of a mark: of the owner, and of one stretch of his messages. Two owners whose ids end alike share marks: whoever searches also asks for the owner. */
export const mark = (userId: string, stretch: string): string => `right(${userId}::text, 12) || lpad(to_hex(${stretch}), 4, '0')`;

/** SQL that makes the words of a message out of what `toVector` wrote. @param number of the message among those of its owner, in the order in which they were indexed */
export const markedWords = (vector: string, number: string, userId: string): string =>
  `replace(${vector}::text, '~', ${mark(userId, `(${number}) / ${STRETCH}`)})::tsvector`;
