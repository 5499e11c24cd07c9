import { Button, ToggleButton } from 'react-aria-components';
import { roomPath } from '../use-room-id.ts';
import { Icon } from '../ui/icons.tsx';
import { nameOf } from './name-of.ts';
import { RoomMenu } from './room-menu.tsx';
import type { Rooms } from './use-rooms.ts';

interface RoomListProps {
  readonly rooms: Rooms;
  readonly currentId: string | null;
  readonly onChosen: (() => void) | undefined;
}

export const RoomList = ({ rooms, currentId, onChosen }: RoomListProps) => (
  <nav className="rooms" aria-label="Chats">
    <header>
      <h2>{rooms.areArchived ? 'Archived' : 'Chats'}</h2>
      <ToggleButton className="icon-button small" aria-label="Show archived" isSelected={rooms.areArchived} onChange={rooms.showArchived}>
        <Icon name="archive" />
      </ToggleButton>
    </header>
    {rooms.list?.length === 0 && <p className="soft">{rooms.areArchived ? 'Nothing is archived.' : 'Your chats will be here.'}</p>}
    <ul>
      {rooms.list?.map((room) => (
        <li key={room.id}>
          <a href={roomPath(room.id)} aria-current={room.id === currentId ? 'page' : undefined} onClick={onChosen}>
            {nameOf(room)}
          </a>
          <RoomMenu room={room} rooms={rooms} isCurrent={room.id === currentId} />
        </li>
      ))}
    </ul>
    {rooms.hasMore && (
      <Button className="link" onPress={rooms.loadMore}>
        Show more
      </Button>
    )}
  </nav>
);
