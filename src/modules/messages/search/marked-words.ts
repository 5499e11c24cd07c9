/**
 * SQL that makes the words of a message out of what `toVector` wrote: each gets a mark of the message's time (the first four digits of its id, which
 * count 49.7 days) and of its owner. Two owners whose ids end alike share a mark: whoever searches also asks for the owner.
 */
export const markedWords = (vector: string, id: string, userId: string): string =>
  `replace(${vector}::text, '~', left(${id}::text, 4) || right(${userId}::text, 12))::tsvector`;
