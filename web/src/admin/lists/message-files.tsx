import { Button } from 'react-aria-components';
import { API_URL } from '../../api/api-url.ts';
import { notify } from '../../ui/notices.tsx';
import { api, bodyOf, type MessageRecord } from '../api.ts';
import { bytes } from '../format.ts';

interface MessageFilesProps {
  readonly files: MessageRecord['attachments'];
  /** Whether the files can be opened, which the audit log records. */
  readonly canOpen: boolean;
}

/** The files of a message, by name and size. */
export const MessageFiles = ({ files, canOpen }: MessageFilesProps) => (
  <ul className="files" aria-label="Files">
    {files.map(({ id, name, size }) => (
      <li key={id}>
        {canOpen ? (
          <Button
            className="button small"
            onPress={() => {
              openFile(id).catch(notify);
            }}
          >
            {name} <small>{bytes(size)}</small>
          </Button>
        ) : (
          <>
            {name} <small>{bytes(size)}</small>
          </>
        )}
      </li>
    ))}
  </ul>
);

/** @throws Refusal */
async function openFile(id: string): Promise<void> {
  const { url } = await bodyOf(api.POST('/admin/attachments/{attachment_id}/link', { params: { path: { attachment_id: id } } }));
  window.open(`${API_URL}${new URL(url, API_URL).pathname}`, '_blank', 'noopener');
}
