import { Chat, useChat } from '@ai-sdk/react';
import { useCallback, useEffect, useState } from 'react';
import { api, bodyOf, type Room } from '../api/client.ts';
import { API_URL, fetchSignedIn } from '../api/session.ts';
import type { LiveEvent } from '../live/live-events.ts';
import { useLiveEvents } from '../live/use-live-events.ts';
import { notify } from '../ui/notices.tsx';
import {
  type AnswerOptions,
  type Feedback,
  isUnfinished,
  openRoomChat,
  type RoomFile,
  type RoomMessage,
  toRoomMessage,
} from './room-chat.ts';

/** What is sent. */
export interface NewMessage {
  readonly text: string;
  readonly attachments: readonly RoomFile[];
  readonly options?: AnswerOptions;
}

export interface LoadedRoom {
  readonly room: Room;
  readonly messages: readonly RoomMessage[];
  /** Leads to the messages before these; null for none. */
  readonly cursor: string | null;
}

/** A room and the newest page of its active branch. */
export async function loadRoom(id: string): Promise<LoadedRoom> {
  const { messages, ...room } = await bodyOf(api.GET('/chatroom/{chatroom_id}', { params: { path: { chatroom_id: id } } }));
  return { room, messages: messages.data.map(toRoomMessage), cursor: messages.next_cursor };
}

/** The conversation of a room, kept in step with what the API has stored. */
export function useConversation(loaded: LoadedRoom, { onSettled, onDeleted }: { onSettled: (room: Room) => void; onDeleted: () => void }) {
  const { id } = loaded.room;
  const [waitUntil, setWaitUntil] = useState<string | null>(null);
  const [cursor, setCursor] = useState(loaded.cursor);
  const [roomChat] = useState(() =>
    openRoomChat<Chat<RoomMessage>>(Chat, {
      url: `${API_URL}/chatroom/${id}`,
      history: [...loaded.messages],
      fetch: fetchSignedIn,
      onData: ({ type, data }) => {
        if (type === 'data-wait') setWaitUntil((data as { until: string }).until);
      },
    }),
  );
  const { messages, status, error, sendMessage, regenerate } = useChat<RoomMessage>({ chat: roomChat.chat, throttle: 50 });

  useEffect(() => {
    roomChat.resume();
    return () => {
      void roomChat.close();
    };
  }, [roomChat]);

  const isBusy = status === 'submitted' || status === 'streaming' || messages.some(isUnfinished);
  const reload = useCallback(async () => {
    const now = await loadRoom(id);
    const { chat } = roomChat;
    // What is being sent or read meanwhile is newer than what was loaded.
    if (chat.status === 'submitted' || chat.status === 'streaming') return;
    // What is shown above the first message of the page stays, because the past of a message never changes.
    const first = now.messages[0]?.id;
    const older = chat.messages.slice(
      0,
      Math.max(
        0,
        chat.messages.findIndex((message) => message.id === first),
      ),
    );
    roomChat.show([...older, ...now.messages]);
    if (older.length === 0) setCursor(now.cursor);
    roomChat.resume();
    onSettled(now.room);
  }, [id, roomChat, onSettled]);
  // What other tabs and devices do. This one's own requests are shown already, or are being answered.
  useLiveEvents(
    useCallback(
      (event: LiveEvent) => {
        if (event.type === 'reset') reload().catch(notify);
        if (event.chatroom_id !== id) return;
        if (event.type === 'chatroom.deleted') onDeleted();
        else if (!isShown(event, roomChat.chat.messages)) reload().catch(notify);
      },
      [id, roomChat, reload, onDeleted],
    ),
  );
  // Branches, and how much was used, are in the stored messages only.
  const [wasBusy, setWasBusy] = useState(isBusy);
  useEffect(() => {
    if (isBusy === wasBusy) return;
    setWasBusy(isBusy);
    setWaitUntil(null);
    if (wasBusy && status === 'ready') reload().catch(notify);
  }, [isBusy, wasBusy, status, reload]);

  return {
    messages,
    isBusy,
    error,
    waitUntil,
    send: ({ text, ...metadata }: NewMessage) => {
      sendMessage({ text, metadata }).catch(notify);
    },
    edit: (messageId: string, { text, attachments }: NewMessage) => {
      sendMessage({ text, messageId, metadata: { attachments } }).catch(notify);
    },
    regenerate: (messageId?: string) => {
      regenerate(messageId === undefined ? {} : { messageId }).catch(notify);
    },
    stop: () => {
      roomChat.stop().catch(notify);
    },
    /** Rates a reply; null takes the rating back. @throws Refusal */
    rate: async (messageId: string, feedback: Feedback | null) => {
      const params = { path: { chatroom_id: id, message_id: messageId } };
      const path = '/chatroom/{chatroom_id}/message/{message_id}/feedback';
      const rated = feedback === null ? null : await bodyOf(api.PUT(path, { params, body: feedback }));
      if (rated === null) await bodyOf(api.DELETE(path, { params }));
      const metadata = { feedback: rated?.feedback ?? null };
      roomChat.change((message) => (message.id === messageId ? { ...message, metadata: { ...message.metadata, ...metadata } } : message));
    },
    /** Leads the room through another message at the place of one. */
    activate: async (messageId: string) => {
      const path = { chatroom_id: id, message_id: messageId };
      await bodyOf(api.POST('/chatroom/{chatroom_id}/message/{message_id}/activate', { params: { path } }));
      await reload();
    },
    loadOlder:
      cursor === null
        ? null
        : async () => {
            const oldest = () => roomChat.chat.messages[0]?.id;
            const before = oldest();
            const page = await bodyOf(
              api.GET('/chatroom/{chatroom_id}/message', { params: { path: { chatroom_id: id }, query: { cursor } } }),
            );
            // Another page was shown meanwhile.
            if (oldest() !== before) return;
            roomChat.showOlder(page.data.reverse().map(toRoomMessage));
            setCursor(page.next_cursor);
          },
  };
}

/** An accepted message is shown when it is there, and a finished reply when it is there as such. */
function isShown({ type, message_id: id }: LiveEvent, messages: readonly RoomMessage[]): boolean {
  const message = messages.find((other) => other.id === id);
  if (type === 'reply.started') return true;
  if (type === 'message.accepted') return message !== undefined;
  return type === 'reply.finished' && message !== undefined && !isUnfinished(message);
}

export type ConversationState = ReturnType<typeof useConversation>;
