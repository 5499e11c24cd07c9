import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestUser } from './api.js';
import type { ReplyBody } from './conversation.js';

const CLIENT = resolve(import.meta.dirname, '../use-chat/client.mjs');

interface MessagePart {
  readonly type: string;
  readonly text?: string;
  readonly state?: string;
  readonly url?: string;
  readonly title?: string;
}

export interface ChatMessage {
  readonly id: string;
  readonly role: 'user' | 'assistant';
  readonly parts: readonly MessagePart[];
  readonly metadata?: Readonly<Record<string, unknown>> & { readonly status?: string };
}

interface ChatState {
  readonly status: 'submitted' | 'streaming' | 'ready' | 'error';
  readonly error: string | null;
  readonly messages: readonly ChatMessage[];
}

interface Command {
  readonly send?: string;
  /** Another text of a message of the user's. */
  readonly edit?: { readonly messageId: string; readonly text: string };
  readonly regenerate?: { readonly messageId?: string };
  readonly stop?: true;
}

/** A page of a browser with the AI SDK's chat on it, in a process of its own. */
export class UseChatPage {
  /** Everything it has been, newest last. */
  readonly states: ChatState[];
  private readonly process;

  /** What the page wrote into its console: nothing, if all is well. */
  complaints = '';

  /** @param page `history` is what the page is loaded with: messages as the API has them, oldest first */
  constructor(page: {
    api: string;
    user: Pick<TestUser, 'accessToken' | 'refreshToken'>;
    room: { id: string };
    history: readonly ReplyBody[];
  }) {
    this.states = [];
    const { user, ...rest } = page;
    const { accessToken, refreshToken } = user;
    this.process = spawn(process.execPath, [CLIENT, JSON.stringify({ ...rest, accessToken, refreshToken })], { stdio: 'pipe' });
    createInterface(this.process.stdout).on('line', (line) => {
      this.states.push(JSON.parse(line) as ChatState);
    });
    this.process.stderr.on('data', (chunk: Buffer) => (this.complaints += chunk.toString()));
  }

  get state(): ChatState {
    const newest = this.states.at(-1);
    if (!newest) throw new Error('a page has a state');
    return newest;
  }

  tell(command: Command): void {
    this.process.stdin.write(`${JSON.stringify(command)}\n`);
  }

  /** As a browser does that closes the page or loads it anew. */
  async close(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exited;
  }
}

/** What a page shows of a message, and of the thoughts that led to it. */
export const textOf = (message: ChatMessage | undefined): string => joined(message, 'text');
export const thoughtsOf = (message: ChatMessage | undefined): string => joined(message, 'reasoning');

const joined = (message: ChatMessage | undefined, kind: string): string =>
  message?.parts.map(({ type, text = '' }) => (type === kind ? text : '')).join('') ?? '';
