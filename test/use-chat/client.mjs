/**
 * A room as a chat of the AI SDK, in a program: `web/src/conversation/room-chat.ts` as it is, told what to do by a line
 * of JSON at a time, and telling how it stands with another one after every change. The page uses the same file with
 * React's state in the place of this one.
 */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { AbstractChat } from 'ai';
import { runnerImport } from 'vite';

const { api, accessToken, refreshToken, room, history } = JSON.parse(process.argv[2] ?? '{}');

const source = async (path) => (await runnerImport(resolve(import.meta.dirname, '../../web/src', path), { configFile: false })).module;
const { createAuthorisedFetch } = await source('api/authorised-fetch.ts');
const { openRoomChat, toRoomMessage } = await source('conversation/room-chat.ts');

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

let token = accessToken;
async function renewed() {
  const headers = { 'content-type': 'application/json' };
  const response = await fetchInNode(`${api}/auth/refresh`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ refresh_token: refreshToken }),
  });
  token = (await response.json()).access_token;
  return token;
}

const state = { status: 'ready', error: undefined, messages: [] };
const tell = () => process.stdout.write(`${JSON.stringify({ ...state, error: state.error?.message ?? null })}\n`);
const change = (changed) => {
  Object.assign(state, changed);
  tell();
};

/** A chat whose state tells of each of its changes. */
class Chat extends AbstractChat {
  constructor({ messages, ...options }) {
    state.messages = messages;
    super({
      ...options,
      state: {
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
      },
    });
  }
}

const { chat, resume, stop } = openRoomChat(Chat, {
  url: `${api}/chatroom/${room.id}`,
  history: history.map(toRoomMessage),
  fetch: createAuthorisedFetch({ accessToken: async (expired) => (expired === undefined ? token : renewed()) }),
});
tell();
resume();

for await (const line of createInterface(process.stdin)) {
  const { send, edit, regenerate, stop: isStop } = JSON.parse(line);
  if (send !== undefined) void chat.sendMessage({ text: send });
  if (edit !== undefined) void chat.sendMessage(edit);
  if (regenerate !== undefined) void chat.regenerate(regenerate);
  if (isStop) void stop();
}
process.exit();
