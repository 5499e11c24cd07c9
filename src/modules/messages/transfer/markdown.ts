import type { DocumentMessage } from './chatroom-document.js';
import { isolateMarkdown } from './isolated-markdown.js';

/** The remark below a reply whose text is missing or incomplete. */
const REMARKS: Readonly<Record<Extract<DocumentMessage, { role: 'model' }>['status'], string | null>> = {
  completed: null,
  failed: '*The answer could not be made.*',
  blocked: '*The answer was blocked.*',
  cancelled: '*The answer was stopped.*',
};

export const titleOf = ({ name, system_instruction: instruction }: { name: string | null; system_instruction: string | null }): string =>
  `# ${escape(name ?? 'Conversation')}\n${instruction === null ? '' : `\n${quote(isolated(instruction))}\n`}`;

/** A message as a section. Its content is Markdown already, as models write it, and is isolated from other sections. */
export function sectionOf(message: DocumentMessage): string {
  const remark = message.role === 'model' ? REMARKS[message.status] : null;
  const heading = message.role === 'user' ? 'You' : `Model${message.model === null ? '' : ` (${escape(message.model)})`}`;
  const files = message.role === 'user' ? (message.attachments ?? []).map(({ name }) => `- *${escape(name)}*`).join('\n') : null;
  const basis = message.role === 'user' ? {} : { thoughts: thoughtsOf(message), sources: sourcesOf(message) };
  const parts = [basis.thoughts, isolated(message.content), files, basis.sources, remark].filter(
    (part) => typeof part === 'string' && part !== '',
  );
  return `\n## ${heading}, ${message.created_at}\n${parts.map((part) => `\n${part}\n`).join('')}`;
}

type Reply = Extract<DocumentMessage, { role: 'model' }>;

const thoughtsOf = ({ reasoning }: Reply): string | null =>
  reasoning === undefined ? null : quote(`*Thoughts*\n\n${isolated(reasoning)}`);

/** A list of the pages. An address as it is parsed has no character that would end it. */
const sourcesOf = ({ sources = [] }: Reply): string | null =>
  sources.length === 0
    ? null
    : `Sources:\n\n${sources.map(({ title, url }, i) => `${i + 1}. ${escape(title)}: <${new URL(url).href}>`).join('\n')}`;

/** The beginning of a section's heading. */
const HEADING = /^(?:You|Model(?: \(.*\))?)(?:,|$)/u;

const isolated = (content: string): string => isolateMarkdown(content, (heading) => HEADING.test(heading));

/** A text on one line, with Markdown's characters escaped. */
const escape = (line: string): string => line.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#]/g, '\\$&');

const quote = (text: string): string =>
  text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
