/**
 * The chat of the AI SDK as a program: set up by the lines of README.md, told what to do by a line of JSON at a time,
 * and telling how it stands with another one after every change. `useChat` is such a chat with React's state in the
 * place of this one.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { AbstractChat, DefaultChatTransport } from 'ai';

const { api, accessToken, room, history } = JSON.parse(process.argv[2] ?? '{}');

// A broken connection in the words of a browser, by which the AI SDK knows it.
const { fetch: fetchInNode } = globalThis;
globalThis.fetch = async (...request) => {
  const response = await fetchInNode(...request);
  return response.body ? new Response(ReadableStream.from(inWordsOfBrowser(response.body)), response) : response;
};
async function* inWordsOfBrowser(body) {
  try {
    yield* body;
  } catch (error) {
    throw error.name === 'AbortError' ? error : new TypeError('network error', { cause: error });
  }
}

class Chat extends AbstractChat {
  constructor({ messages, resume, ...options }) {
    super({ ...options, state: observed(messages) });
    if (resume) void this.resumeStream().finally(this.state.tell);
  }
}

/** State that tells of each of its changes. */
function observed(messages) {
  const state = { status: 'ready', error: undefined, messages };
  const tell = () => process.stdout.write(`${JSON.stringify({ ...state, error: state.error?.message ?? null })}\n`);
  const change = (changed) => {
    Object.assign(state, changed);
    tell();
  };
  return {
    get status() {
      return state.status;
    },
    set status(status) {
      change({ status });
    },
    get error() {
      return state.error;
    },
    set error(error) {
      change({ error });
    },
    get messages() {
      return state.messages;
    },
    set messages(all) {
      change({ messages: all });
    },
    pushMessage: (message) => change({ messages: [...state.messages, message] }),
    popMessage: () => change({ messages: state.messages.slice(0, -1) }),
    // A copy, as React needs it too: the chat goes on writing into this one.
    replaceMessage: (index, message) => change({ messages: state.messages.with(index, structuredClone(message)) }),
    snapshot: structuredClone,
    tell,
  };
}

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const code = readme.match(/```js\n(const url = [^]*?)\n```/)?.[1];
if (code === undefined) throw new Error('README.md does not say how to use useChat');
const setUp = new Function('DefaultChatTransport', 'useChat', 'API', 'accessToken', 'room', 'history', `${code}\nreturn { chat, stop };`);
const { chat, stop } = setUp(
  DefaultChatTransport,
  (options) => new Chat(options),
  api,
  () => accessToken,
  room,
  history,
);

for await (const line of createInterface(process.stdin)) {
  const { send, edit, regenerate, stop: isStop } = JSON.parse(line);
  if (send !== undefined) void chat.sendMessage({ text: send });
  if (edit !== undefined) void chat.sendMessage(edit);
  if (regenerate !== undefined) void chat.regenerate(regenerate);
  if (isStop) void stop();
}
process.exit();
