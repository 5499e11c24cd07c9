import { toPlainText } from '../../common/pasted-text.js';

/** Accepts upper case; usernames are stored in lower case. The database has the same rule. */
export const USERNAME_PATTERN = /^[a-z][a-z0-9_.]{2,29}$/i;

export const USERNAME_RULE = 'username must be 3 to 30 letters, digits, underscores or dots, and begin with a letter';

/** The username as it is stored; null for a text that is not one. */
export const parseUsername = (text: string): string | null => (USERNAME_PATTERN.test(text) ? text.toLowerCase() : null);

/** Like `parseUsername`, for a text that was typed or pasted. */
export const parsePastedUsername = (text: string): string | null => parseUsername(toPlainText(text));
