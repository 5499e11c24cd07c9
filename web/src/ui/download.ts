import { API_URL } from '../api/api-url.ts';
import { Refusal } from '../api/refusal.ts';
import { fetchSignedIn } from '../api/session.ts';
import { saveFile } from './save-file.ts';

/** Saves what a route answers as a file. @throws Refusal */
export async function download(path: string, name: string): Promise<void> {
  const response = await fetchSignedIn(`${API_URL}${path}`);
  if (!response.ok) throw await Refusal.of(response);
  saveFile(await response.blob(), name);
}
