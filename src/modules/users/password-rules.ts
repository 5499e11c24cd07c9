/** In characters. */
export const PASSWORD_LENGTH = { min: 8, max: 128 } as const;

export const PASSWORD_RULE = `must have ${PASSWORD_LENGTH.min} to ${PASSWORD_LENGTH.max} characters`;

/** The form that is checked and hashed: keyboards differ in how they compose characters (NIST SP 800-63B, 3.1.1.2). */
export const normalised = (password: string): string => password.normalize('NFKC');
