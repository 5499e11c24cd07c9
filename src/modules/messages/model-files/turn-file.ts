import type { StoredAttachment } from '../../attachments/index.js';

/** A file that the model is given with a turn. */
export interface TurnFile extends StoredAttachment {
  readonly tokens: number;
}

/** Words that stand for a file that the model is not given. */
export const nameOf = ({ name, mediaType }: Pick<StoredAttachment, 'name' | 'mediaType'>): string =>
  `[Attached file, not shown here: ${JSON.stringify(name)} (${mediaType})]`;
