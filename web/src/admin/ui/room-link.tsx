import { hrefOf } from '../route.ts';
import { ShortId } from './short-id.tsx';

/** Leads to the messages of a chatroom. */
export const RoomLink = ({ id }: { id: string }) => (
  <a href={hrefOf('messages', { chatroom_id: id })}>
    <ShortId id={id} />
  </a>
);
