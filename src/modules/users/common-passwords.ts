import { dictionary } from '@zxcvbn-ts/language-common';
import { PASSWORD_LENGTH } from './password-rules.js';

/** The most common passwords of leaked collections, without those that are too short to be accepted. */
const COMMON = new Set(dictionary['passwords-common'].filter(({ length }) => length >= PASSWORD_LENGTH.min));

export const isCommonPassword = (password: string): boolean => COMMON.has(password.toLowerCase());
