import { useCallback, useEffect, useState } from 'react';
import type { Model, Room } from '../api/client.ts';
import type { PlanStatus } from '../plan/use-status.ts';
import { nameOf } from '../rooms/name-of.ts';
import type { Rooms } from '../rooms/use-rooms.ts';
import { notify } from '../ui/notices.tsx';
import { Loading } from '../ui/loading.tsx';
import { AnswerOptionsBar, useAnswerOptions } from './answer-options.tsx';
import { Composer } from './composer.tsx';
import { MessageList } from './message-list.tsx';
import { type LoadedRoom, loadRoom, type NewMessage, useConversation } from './use-conversation.ts';

interface ConversationProps {
  readonly roomId: string;
  readonly rooms: Rooms;
  readonly status: PlanStatus;
  readonly models: readonly Model[];
  /** The message that began the room, which is to be sent now. */
  readonly first: NewMessage | null;
  readonly onFirstSent: () => void;
}

export function Conversation(props: ConversationProps) {
  const { roomId } = props;
  const [loaded, setLoaded] = useState<LoadedRoom | null>(null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    let isCurrent = true;
    loadRoom(roomId)
      .then((room) => {
        if (isCurrent) setLoaded(room);
      })
      .catch((cause: unknown) => {
        if (isCurrent && cause instanceof Error) setError(cause);
      });
    return () => {
      isCurrent = false;
    };
  }, [roomId]);
  if (error) {
    return (
      <main className="conversation empty">
        <p role="alert">{error.message}</p>
        <a href="#/">Begin a new chat</a>
      </main>
    );
  }
  if (loaded === null) return <Loading label="Loading the chat" />;
  return <LoadedConversation {...props} loaded={loaded} />;
}

function LoadedConversation({ loaded, rooms, status, models, first, onFirstSent }: ConversationProps & { loaded: LoadedRoom }) {
  const { put } = rooms;
  const { reload } = status;
  const [settled, setSettled] = useState(loaded.room);
  const room = rooms.list?.find(({ id }) => id === loaded.room.id) ?? settled;
  const onSettled = useCallback(
    (room: Room) => {
      put(room);
      setSettled(room);
      reload();
    },
    [put, reload],
  );
  const onDeleted = useCallback(() => {
    notify('This chat was deleted.');
    location.hash = '#/';
  }, []);
  const options = useAnswerOptions(models.find(({ id }) => id === room.model)?.capabilities, room);
  const conversation = useConversation(loaded, { onSettled, onDeleted });

  useEffect(() => {
    if (first === null) return undefined;
    // Not at once: in development React shows a component twice, and ends what the first one began.
    const timer = setTimeout(() => {
      conversation.send(first);
      onFirstSent();
    });
    return () => {
      clearTimeout(timer);
    };
  });

  return (
    <main className="conversation">
      <h1>{nameOf(room)}</h1>
      <MessageList conversation={conversation} />
      <div className="foot">
        <Composer
          roomId={room.id}
          onSend={(message, clear) => {
            conversation.send({ ...message, options: options.chosen });
            clear();
          }}
          onStop={conversation.isBusy ? conversation.stop : undefined}
        >
          <AnswerOptionsBar options={options} />
        </Composer>
        <p className="soft fine">Answers can be wrong. Check what matters.</p>
      </div>
    </main>
  );
}
