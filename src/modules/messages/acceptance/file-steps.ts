import { IS_TAKEABLE } from '../../attachments/index.js';
import { NEW_MESSAGE } from './steps.js';

/** What the statement of a message with files does besides. */
export interface FileSteps {
  /** A condition: the message may have all its files. */
  readonly areTakeable: string;
  /** Steps after `branch`: they lock the files after the room. One that was deleted or taken meanwhile is not held. */
  readonly hold: string;
  /** A condition: all files are held. */
  readonly areHeld: string;
  /** Steps after `message`, which give it its files. */
  readonly attach: string;
}

export const NEW_MESSAGE_WITH_FILES = { ...NEW_MESSAGE, attachment_ids: 'uuid[]' } as const;

export const WITH_FILES: FileSteps = {
  areTakeable: `cardinality(:attachment_ids::uuid[]) = (
       SELECT count(*) FROM attachments a WHERE a.id = ANY (:attachment_ids::uuid[]) AND ${IS_TAKEABLE})`,
  hold: `held AS (
     UPDATE attachments a SET is_held = true FROM branch WHERE a.id = ANY (:attachment_ids::uuid[]) AND ${IS_TAKEABLE} RETURNING a.id
   ), `,
  areHeld: `(SELECT count(*) FROM held) = cardinality(:attachment_ids::uuid[])`,
  attach: `attached AS (
     INSERT INTO message_attachments (message_id, position, attachment_id)
     SELECT message.id, file.n, file.id FROM message, unnest(:attachment_ids::uuid[]) WITH ORDINALITY AS file(id, n)
   ), `,
};

export const WITHOUT_FILES: FileSteps = { areTakeable: 'true', hold: '', areHeld: 'true', attach: '' };
