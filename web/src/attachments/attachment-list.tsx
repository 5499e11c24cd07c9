import { useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import { api, bodyOf } from '../api/client.ts';
import { API_URL } from '../api/session.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { notify } from '../ui/notices.tsx';
import type { RoomFile } from '../conversation/room-chat.ts';

/** An address that opens the file for five minutes. */
async function linkTo({ id }: RoomFile): Promise<string> {
  const { url } = await bodyOf(api.POST('/attachment/{attachment_id}/link', { params: { path: { attachment_id: id } } }));
  return `${API_URL}${new URL(url, API_URL).pathname}`;
}

/** The files of a message: pictures small, which open large, and the others as chips, which are saved. */
export const AttachmentList = ({ attachments }: { attachments: readonly RoomFile[] }) => (
  <ul className="attachments" aria-label="Files">
    {attachments.map((attachment) => (
      <li key={attachment.id}>
        {attachment.media_type.startsWith('image/') && attachment.media_type !== 'image/heic' ? (
          <Picture attachment={attachment} />
        ) : (
          <Chip attachment={attachment} />
        )}
      </li>
    ))}
  </ul>
);

function Picture({ attachment }: { attachment: RoomFile }) {
  const { name } = attachment;
  const [address, setAddress] = useState<string | null>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    let isCurrent = true;
    linkTo(attachment)
      .then((url) => {
        if (isCurrent) setAddress(url);
      })
      .catch(notify);
    return () => {
      isCurrent = false;
    };
    // Another message with the same file shows the same picture.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [attachment.id]);
  return (
    <>
      <Button
        className="picture"
        aria-label={`Open ${name}`}
        onPress={() => {
          setOpen(true);
        }}
      >
        {address !== null && <img src={address} alt={name} />}
      </Button>
      <Dialog
        title={name}
        isOpen={isOpen}
        isWide
        onClose={() => {
          setOpen(false);
        }}
      >
        {address !== null && <img className="large" src={address} alt={name} />}
      </Dialog>
    </>
  );
}

function Chip({ attachment }: { attachment: RoomFile }) {
  return (
    <Button
      className="chip"
      onPress={() => {
        linkTo(attachment)
          .then((url) => {
            location.assign(url);
          })
          .catch(notify);
      }}
    >
      <Icon name="file" />
      <span className="file-name">{attachment.name}</span>
    </Button>
  );
}
