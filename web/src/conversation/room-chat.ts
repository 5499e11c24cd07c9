import { type AbstractChat, type ChatInit, DefaultChatTransport, generateId, type UIMessage } from 'ai';
import { Refusal } from '../api/refusal.ts';

/** A message as the API has it, by its names. */
interface StoredMessage {
  readonly id: string;
  readonly role: 'user' | 'model';
  readonly content: string;
  readonly reasoning?: string | null;
}

/** What the page knows of a message beside its text: what the stream's metadata says, or the stored message. */
export interface MessageMetadata {
  readonly status?: string;
  /** On a reply, the id of the message that it answers. */
  readonly reply_to?: string | null;
  readonly sibling_ids?: readonly string[];
  readonly model?: string | null;
  readonly finish_reason?: string | null;
  readonly sources?: readonly Source[] | null;
  /** HTML of Google, which its terms want shown: put it into a frame without scripts. */
  readonly search_suggestions?: string | null;
  readonly feedback?: Feedback | null;
  readonly error?: { readonly code: string; readonly message: string } | null;
  /** The files of a user message; of a new one, those that it is sent with. */
  readonly attachments?: readonly RoomFile[];
  /** How a new message is to be answered. */
  readonly options?: AnswerOptions;
}

/** A page of the web that a reply rests on. */
export interface Source {
  readonly url: string;
  readonly title: string;
  /** The start and the end of each passage of the text that rests on it, in UTF-16 units. */
  readonly passages: readonly (readonly number[])[];
}

/** The user's rating of a reply. */
export interface Feedback {
  readonly rating: 'up' | 'down';
  readonly comment: string | null;
}

/** What a message says for itself; what it does not say is as the room has it. */
export interface AnswerOptions {
  readonly web_search?: boolean;
  readonly reasoning?: 'minimal' | 'low' | 'medium' | 'high' | null;
}

/** A file as the API has it. */
export interface RoomFile {
  readonly id: string;
  readonly name: string;
  readonly media_type: string;
  readonly size: number;
  readonly created_at: string;
}

export type RoomMessage = UIMessage<MessageMetadata>;

/** A stored message as one of the AI SDK, with the parts that its stream had. The stored message is its metadata. */
export const toRoomMessage = ({ content, reasoning = null, ...message }: StoredMessage & MessageMetadata): RoomMessage => ({
  id: message.id,
  role: message.role === 'model' ? 'assistant' : 'user',
  parts: [
    ...(reasoning === null ? [] : [{ type: 'reasoning' as const, text: reasoning }]),
    ...(content === '' ? [] : [{ type: 'text' as const, text: content }]),
    ...(message.sources ?? []).map(({ url, title }, i) => ({ type: 'source-url' as const, sourceId: `source-${i + 1}`, url, title })),
  ],
  metadata: message,
});

/** Whether plan or model do not offer what the message chose. A repeated request goes without it. */
export const isOfOptions = (error: unknown): boolean =>
  error instanceof Refusal && ['not_in_plan', 'not_offered_by_model'].includes(error.code);

export const isUnfinished = ({ metadata }: RoomMessage): boolean => ['pending', 'streaming'].includes(metadata?.status ?? '');

/** Time until a stream that broke off is opened again. */
const RECONNECT_MS = 1_000;

interface RoomChatInput extends Pick<ChatInit<RoomMessage>, 'onData'> {
  /** The address of the room: `…/chatroom/{id}`. */
  readonly url: string;
  /** The room's messages, oldest first. */
  readonly history: RoomMessage[];
  /** Sends with the access token: see `createAuthorisedFetch`. */
  readonly fetch: typeof fetch;
}

/**
 * A room as a chat of the AI SDK.
 *
 * @param Chat the class `Chat` of `@ai-sdk/react`, or of another framework's package
 */
export function openRoomChat<Chat extends AbstractChat<RoomMessage>>(
  Chat: new (init: ChatInit<RoomMessage>) => Chat,
  { url, history, fetch: send, ...options }: RoomChatInput,
) {
  const stored = new Set(history.map(({ id }) => id));
  // The oldest unfinished reply, whose stream is the next one to read. Replies of a room are made one after another.
  let reading = history.find(isUnfinished)?.id;
  // The newest request, until its stream begins: sending it again with the same key does nothing twice.
  let unanswered: { id: string; api: string; body: object; options: AnswerOptions | undefined; key: string } | undefined;
  let reconnecting: ReturnType<typeof setTimeout> | undefined;

  const transport = new DefaultChatTransport<RoomMessage>({
    fetch: async (input, init) => {
      const response = await send(input, init);
      if (!response.ok) throw await Refusal.of(response);
      return response;
    },
    prepareSendMessagesRequest: ({ trigger, messages }) => {
      const { id, parts, metadata } = messages.at(-1) ?? { id: '', parts: [], metadata: {} };
      const isSend = trigger === 'submit-message';
      // An edit ends where the message is stored already; a repeated request is what it was before.
      if (isSend || unanswered?.id !== id) {
        const content = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
        const path = stored.has(id) ? `/${id}/${isSend ? 'edit' : 'regenerate'}` : '';
        const files = metadata?.attachments?.map((file) => file.id);
        const message = files === undefined ? { content } : { content, attachment_ids: files };
        const body = path !== '' && !isSend ? {} : message;
        unanswered = { id, api: `${url}/message${path}`, body, options: metadata?.options, key: generateId() };
      }
      const { api, body, options, key } = unanswered;
      return { api, body: { ...body, ...options }, headers: { accept: 'text/event-stream', 'idempotency-key': key } };
    },
    prepareReconnectToStreamRequest: () => ({
      api: reading === undefined ? `${url}/stream` : `${url}/message/${reading}/stream`,
      headers: { accept: 'text/event-stream' },
    }),
  });

  const chat = new Chat({
    ...options,
    messages: history,
    transport,
    onError: (error) => {
      const { status = 0 } = error instanceof Refusal ? error.problem : {};
      // Sent again, the request goes without them.
      if (unanswered && isOfOptions(error)) unanswered.options = undefined;
      if (status === 0 || status === 429 || status >= 500) reconnecting = setTimeout(resume, RECONNECT_MS);
    },
    onFinish: ({ message, messages, isAbort, isError }) => {
      const question = messages[messages.findIndex(({ id }) => id === message.id) - 1];
      const id = message.metadata?.reply_to;
      if (question && id) {
        if (unanswered?.id === question.id) unanswered = undefined;
        stored.add(id).add(message.id);
        // The message has the server's id from now on, under which it can be edited.
        if (question.id !== id) chat.messages = messages.map((other) => (other === question ? { ...other, id } : other));
      }
      reading = messages.find(isUnfinished)?.id;
      if (!isError && !isAbort) reconnecting = setTimeout(resume);
    },
  });

  /** Reads on with the oldest unfinished reply, if there is one: once when the page is loaded. */
  function resume(): void {
    if (reading !== undefined) void chat.resumeStream();
  }

  return {
    chat,
    resume,
    /** Stops every reply of the room. `chat.stop()` would only stop reading. */
    stop: () => send(`${url}/cancel`, { method: 'POST' }),
    /** Shows the room as it is stored now. */
    show: (messages: RoomMessage[]) => {
      for (const { id } of messages) stored.add(id);
      reading = messages.find(isUnfinished)?.id;
      chat.messages = messages;
    },
    /** Shows messages that come before the shown ones. */
    showOlder: (messages: RoomMessage[]) => {
      for (const { id } of messages) stored.add(id);
      chat.messages = [...messages, ...chat.messages];
    },
    /** Shows each message as the function says. */
    change: (show: (message: RoomMessage) => RoomMessage) => {
      chat.messages = chat.messages.map(show);
    },
    /** Ends the reading, not the replies. `resume` takes it up again. */
    close: () => {
      clearTimeout(reconnecting);
      return chat.stop();
    },
  };
}
