import { type Prompt } from './prompt.js';

/**
 * The purpose of a call, as its system instruction shows: an answer in a conversation, or a title or a summary of
 * one.
 */
export const PURPOSES = ['reply', 'title', 'summary'] as const;
export type Purpose = (typeof PURPOSES)[number];

const TITLE = /^(?:write|give|find|make|generate|create)\b[^.\n]{0,60}\btitle\b[^.\n]{0,60}\b(?:conversation|chat)\b/iu;
const SUMMARY = /^(?:(?:write|give|make|update|keep)\b[^.\n]{0,60}\bsummary\b|summari[sz]e\b)[^.\n]{0,60}\b(?:conversation|chat)\b/iu;

export function purposeOf({ systemInstruction, turns }: Prompt): Purpose {
  if (systemInstruction === null || turns.length !== 1) return 'reply';
  if (TITLE.test(systemInstruction)) return 'title';
  return SUMMARY.test(systemInstruction) ? 'summary' : 'reply';
}
