import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../api/client.ts';
import { type Attachment, uploadFile } from './upload-file.ts';

/** Files of one message. */
const MAX_FILES = 10;

/** A file that is on its way into the next message. */
export interface Draft {
  readonly key: number;
  readonly name: string;
  /** From 0 to 1. */
  readonly progress: number;
  readonly attachment: Attachment | null;
  readonly error: string | null;
  /** The picture from this machine; null for other files. */
  readonly preview: string | null;
}

export interface Drafts {
  readonly list: readonly Draft[];
  /** The uploaded files. */
  readonly attachments: readonly Attachment[];
  readonly isUploading: boolean;
  readonly add: (files: Iterable<File>) => void;
  /** Stops the upload of a file, or deletes the uploaded one. */
  readonly remove: (key: number) => void;
  /** Forgets the files: a message has them. */
  readonly clear: () => void;
}

/** The files of the message that is being written. Each is uploaded at once. */
export function useDrafts(): Drafts {
  const [list, setList] = useState<readonly Draft[]>([]);
  const nextKey = useRef(0);
  const uploads = useRef(new Map<number, AbortController>());

  useEffect(() => {
    const running = uploads.current;
    return () => {
      for (const upload of running.values()) upload.abort();
    };
  }, []);

  const change = useCallback((key: number, changes: Partial<Draft>) => {
    setList((drafts) => drafts.map((draft) => (draft.key === key ? { ...draft, ...changes } : draft)));
  }, []);

  const add = (files: Iterable<File>) => {
    for (const file of [...files].slice(0, MAX_FILES - list.length)) {
      const key = nextKey.current++;
      const upload = new AbortController();
      uploads.current.set(key, upload);
      const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : null;
      setList((drafts) => [...drafts, { key, name: file.name, progress: 0, attachment: null, error: null, preview }]);
      uploadFile(file, {
        onProgress: (progress) => {
          change(key, { progress });
        },
        signal: upload.signal,
      })
        .then((attachment) => {
          change(key, { attachment, progress: 1 });
        })
        .catch((error: unknown) => {
          change(key, { error: error instanceof Error ? error.message : String(error) });
        })
        .finally(() => uploads.current.delete(key));
    }
  };

  const forget = (draft: Draft) => {
    if (draft.preview !== null) URL.revokeObjectURL(draft.preview);
  };

  return {
    list,
    attachments: list.flatMap(({ attachment }) => attachment ?? []),
    isUploading: list.some(({ attachment, error }) => attachment === null && error === null),
    add,
    remove: (key) => {
      const draft = list.find((one) => one.key === key);
      if (!draft) return;
      forget(draft);
      uploads.current.get(key)?.abort();
      // What fails here is deleted by the API a day later.
      if (draft.attachment) void api.DELETE('/attachment/{attachment_id}', { params: { path: { attachment_id: draft.attachment.id } } });
      setList((drafts) => drafts.filter((one) => one.key !== key));
    },
    clear: () => {
      list.forEach(forget);
      setList([]);
    },
  };
}
