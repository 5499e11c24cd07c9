import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { api, bodyOf, type Room } from '../api/client.ts';
import { Confirm } from '../ui/confirm.tsx';
import { download } from '../ui/download.ts';
import { Icon } from '../ui/icons.tsx';
import { notify } from '../ui/notices.tsx';
import { RoomDialog } from './room-dialog.tsx';
import { nameOf } from './name-of.ts';
import type { Rooms } from './use-rooms.ts';

interface RoomMenuProps {
  readonly room: Room;
  readonly rooms: Rooms;
  readonly isCurrent: boolean;
}

/** What can be done with a room. */
export function RoomMenu({ room, rooms, isCurrent }: RoomMenuProps) {
  const [shown, setShown] = useState<'edit' | 'delete' | null>(null);
  const params = { path: { chatroom_id: room.id } };
  const close = () => {
    setShown(null);
  };
  const act = async (action: string) => {
    if (action === 'archive') rooms.put(await bodyOf(api.PATCH('/chatroom/{chatroom_id}', { params, body: { archived: !room.archived } })));
    else if (action === 'export') await download(`/chatroom/${room.id}/export?format=markdown`, `${nameOf(room)}.md`);
    else setShown(action as 'edit' | 'delete');
  };
  return (
    <>
      <MenuTrigger>
        <Button className="icon-button small" aria-label={`Options of ${nameOf(room)}`}>
          <Icon name="more" />
        </Button>
        <Popover className="popover" placement="bottom end">
          <Menu
            onAction={(action) => {
              act(String(action)).catch(notify);
            }}
          >
            <MenuItem id="edit">Name and settings</MenuItem>
            <MenuItem id="archive">{room.archived ? 'Take out of the archive' : 'Archive'}</MenuItem>
            <MenuItem id="export">Save as Markdown</MenuItem>
            <MenuItem id="delete" className="danger-item">
              Delete
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      <RoomDialog room={room} rooms={rooms} isOpen={shown === 'edit'} onClose={close} />
      <Confirm
        title="Delete this chat?"
        text={`“${nameOf(room)}” and all its messages are deleted for good.`}
        action="Delete"
        isOpen={shown === 'delete'}
        onClose={close}
        onConfirm={async () => {
          await bodyOf(api.DELETE('/chatroom/{chatroom_id}', { params }));
          rooms.remove(room.id);
          if (isCurrent) location.hash = '#/';
        }}
      />
    </>
  );
}
