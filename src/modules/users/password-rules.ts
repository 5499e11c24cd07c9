export const PASSWORD_LENGTH = { min: 8, max: 128 } as const;

export const PASSWORD_RULE = `must have ${PASSWORD_LENGTH.min} to ${PASSWORD_LENGTH.max} characters`;
