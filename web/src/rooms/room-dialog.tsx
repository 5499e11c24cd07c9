import { lazy, Suspense } from 'react';
import type { Room } from '../api/client.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Loading } from '../ui/loading.tsx';
import type { Rooms } from './use-rooms.ts';

/** Loaded when it is opened, as the settings are. */
const RoomForm = lazy(() => import('./room-form.tsx'));

interface RoomDialogProps {
  readonly room: Room;
  readonly rooms: Rooms;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export const RoomDialog = ({ room, rooms, isOpen, onClose }: RoomDialogProps) => (
  <Dialog title="Name and settings" isOpen={isOpen} onClose={onClose}>
    <Suspense fallback={<Loading label="Loading" />}>
      <RoomForm room={room} rooms={rooms} onClose={onClose} />
    </Suspense>
  </Dialog>
);
