import { toPlainText } from '../../common/pasted-text.js';

/** Given in any case, kept in lower. The database checks the same. */
export const USERNAME_PATTERN = /^[a-z][a-z0-9_.]{2,29}$/i;

export const USERNAME_RULE = 'username must be 3 to 30 letters, digits, underscores or dots, and begin with a letter';

/** A username as it is stored; null when the text is none. */
export const parseUsername = (text: string): string | null => (USERNAME_PATTERN.test(text) ? text.toLowerCase() : null);

/** As `parseUsername`, of a text as people paste it. */
export const parsePastedUsername = (text: string): string | null => parseUsername(toPlainText(text));
