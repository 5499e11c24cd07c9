import { dictionary } from '@zxcvbn-ts/language-common';
import { PASSWORD_LENGTH } from './password-rules.js';

/** Passwords that guessers try first, as found in leaked collections; those that are too short anyway are left out. */
const COMMON = new Set(dictionary['passwords-common'].filter(({ length }) => length >= PASSWORD_LENGTH.min));

export const isCommonPassword = (password: string): boolean => COMMON.has(password.toLowerCase());
