import { createHash, randomBytes } from 'node:crypto';
import type { ApiClient, Answer } from './api.js';

export interface AttachmentBody {
  readonly id: string;
  readonly name: string;
  readonly media_type: string;
  readonly size: number;
  readonly created_at: string;
}

/** One red pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==',
  'base64',
);

/** A PNG by its first bytes, of any size; the rest is noise that no two files share. */
export const pictureOf = (size: number): Buffer => Buffer.concat([PNG, randomBytes(Math.max(0, size - PNG.length))]).subarray(0, size);

/** A PDF of one empty page. */
export const PDF = Buffer.from(
  `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`,
  'latin1',
);

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Uploads a file as a browser does. What the body decodes to is the test's claim. */
export async function upload<Body = AttachmentBody>(
  api: Pick<ApiClient, 'origin'>,
  token: string,
  bytes: Uint8Array,
  { name = 'file.bin', type = 'application/octet-stream' } = {},
): Promise<Answer<Body>> {
  const form = new FormData();
  form.append('file', new Blob([Uint8Array.from(bytes)], { type }), name);
  const response = await fetch(new URL('/attachment', api.origin), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: form,
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

/** Downloads the bytes of an attachment. */
export async function download(
  api: Pick<ApiClient, 'open'>,
  token: string,
  id: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
  const response = await api.open('GET', `/attachment/${id}`, { token, headers });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}
