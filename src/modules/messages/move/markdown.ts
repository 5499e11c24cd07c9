import type { DocumentMessage } from './chatroom-document.js';
import { loneMarkdown } from './lone-markdown.js';

/** What a reply that has no text, or not all of it, is shown with. */
const REMARKS: Readonly<Record<Extract<DocumentMessage, { role: 'model' }>['status'], string | null>> = {
  completed: null,
  failed: '*The answer could not be made.*',
  blocked: '*The answer was blocked.*',
  cancelled: '*The answer was stopped.*',
};

export const titleOf = ({ name, system_instruction: instruction }: { name: string | null; system_instruction: string | null }): string =>
  `# ${escape(name ?? 'Conversation')}\n${instruction === null ? '' : `\n${quote(alone(instruction))}\n`}`;

/** A message as a section; its content is Markdown already, as models write it, and is kept from having an effect on other sections. */
export function sectionOf(message: DocumentMessage): string {
  const remark = message.role === 'model' ? REMARKS[message.status] : null;
  const heading = message.role === 'user' ? 'You' : `Model${message.model === null ? '' : ` (${escape(message.model)})`}`;
  const parts = [alone(message.content), remark].filter((part) => part !== null && part !== '');
  return `\n## ${heading}, ${message.created_at}\n${parts.map((part) => `\n${part}\n`).join('')}`;
}

/** As the heading of a section begins. */
const HEADING = /^(?:You|Model(?: \(.*\))?)(?:,|$)/u;

const alone = (content: string): string => loneMarkdown(content, (heading) => HEADING.test(heading));

/** On one line, without effect as Markdown. */
const escape = (line: string): string => line.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#]/g, '\\$&');

const quote = (text: string): string =>
  text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
