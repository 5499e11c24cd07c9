import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const FOLDER = resolve(import.meta.dirname, '../use-chat');

/** Installs the AI SDK beside its client, once. @returns why there is none; null when it is there */
export function whyNoAiSdk(): string | null {
  const wanted = readFileSync(join(FOLDER, 'package-lock.json'), 'utf8');
  const installed = join(FOLDER, 'node_modules/.package-lock.json');
  const versions = (lock: string) =>
    Object.entries((JSON.parse(lock) as { packages: Record<string, { version?: string }> }).packages)
      .filter(([path]) => path !== '')
      .map(([path, { version }]) => `${path} ${version}`)
      .sort()
      .join();
  if (existsSync(installed) && versions(readFileSync(installed, 'utf8')) === versions(wanted)) return null;
  try {
    // Its packages ask for Node 22, for parts that a browser does not have either.
    const flags = ['--no-audit', '--no-fund', '--no-engine-strict', '--loglevel=error', '--fetch-retries=1'];
    execFileSync('npm', ['ci', ...flags], { cwd: FOLDER, shell: process.platform === 'win32', stdio: 'pipe', timeout: 60_000 });
    return null;
  } catch {
    return 'the AI SDK could not be installed from the npm registry';
  }
}

export interface ChatMessage {
  readonly id: string;
  readonly role: 'user' | 'assistant';
  readonly parts: readonly { readonly type: string; readonly text?: string; readonly state?: string }[];
  readonly metadata?: { readonly status?: string };
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

  /** @param history what the page was loaded with */
  constructor(page: { api: string; accessToken: string; room: { id: string }; history: readonly ChatMessage[] }) {
    this.states = [{ status: 'ready', error: null, messages: page.history }];
    this.process = spawn(process.execPath, [join(FOLDER, 'client.mjs'), JSON.stringify(page)], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(this.process.stdout).on('line', (line) => {
      this.states.push(JSON.parse(line) as ChatState);
    });
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

/** What a page shows of a message. */
export const textOf = (message: ChatMessage | undefined): string => message?.parts.map(({ text = '' }) => text).join('') ?? '';
