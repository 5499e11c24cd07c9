import type { components } from '../api/schema.d.ts';
import { Refusal, type Problem } from '../api/refusal.ts';
import { accessTokenOf, API_URL } from '../api/session.ts';

export type Attachment = components['schemas']['AttachmentResponse'];

interface UploadOptions {
  /** Is told the part that was sent, from 0 to 1. */
  readonly onProgress: (part: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Uploads a file. `fetch` does not tell how far it is.
 * @throws Refusal
 */
export async function uploadFile(file: File, options: UploadOptions): Promise<Attachment> {
  const token = await accessTokenOf();
  try {
    return await send(file, token, options);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'token_expired') throw error;
    return send(file, await accessTokenOf(token ?? undefined), options);
  }
}

function send(file: File, token: string | null, { onProgress, signal }: UploadOptions): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append('file', file);
    request.open('POST', `${API_URL}/attachment`);
    request.setRequestHeader('authorization', `Bearer ${token ?? ''}`);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => {
      onProgress(total > 0 ? loaded / total : 0);
    };
    request.onload = () => {
      const answer: unknown = request.response;
      if (request.status === 201) resolve(answer as Attachment);
      else
        reject(
          new Refusal(
            (answer ?? { status: request.status, code: 'unknown', title: 'Refused', detail: 'The file was refused.' }) as Problem,
          ),
        );
    };
    request.onerror = () => {
      reject(new Error('The upload broke off.'));
    };
    signal.addEventListener('abort', () => {
      request.abort();
    });
    request.send(form);
  });
}
