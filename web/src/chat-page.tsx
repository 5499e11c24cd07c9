import { useState } from 'react';
import type { User } from './api/session.ts';
import { Conversation } from './conversation/conversation.tsx';
import { NewConversation } from './conversation/new-conversation.tsx';
import type { NewMessage } from './conversation/use-conversation.ts';
import { useLiveConnection } from './live/use-live-events.ts';
import { useModels } from './plan/use-models.ts';
import { useStatus } from './plan/use-status.ts';
import { Sidebar } from './rooms/sidebar.tsx';
import { useRooms } from './rooms/use-rooms.ts';
import { Notices } from './ui/notices.tsx';
import { roomPath, useRoomId } from './use-room-id.ts';
import './conversation/conversation.css';

/** Rooms at the left, the conversation of one at the right. */
export default function ChatPage({ user }: { user: User }) {
  const roomId = useRoomId();
  useLiveConnection();
  const rooms = useRooms();
  const status = useStatus();
  const models = useModels();
  // The message that began a room, until its conversation has sent it.
  const [first, setFirst] = useState<{ readonly roomId: string; readonly message: NewMessage } | null>(null);
  return (
    <div className="frame">
      <Sidebar user={user} rooms={rooms} status={status} currentId={roomId} />
      {roomId === null ? (
        <NewConversation
          user={user}
          models={models}
          onStarted={(room, message) => {
            rooms.put(room);
            setFirst({ roomId: room.id, message });
            location.hash = roomPath(room.id);
          }}
        />
      ) : (
        <Conversation
          key={roomId}
          roomId={roomId}
          rooms={rooms}
          status={status}
          models={models}
          first={first?.roomId === roomId ? first.message : null}
          onFirstSent={() => {
            setFirst(null);
          }}
        />
      )}
      <Notices />
    </div>
  );
}
