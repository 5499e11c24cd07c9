import { API_URL, fetchSignedIn } from '../api/session.ts';
import type { components } from '../api/schema.d.ts';

export type LiveEvent = components['schemas']['LiveEventResponse'];

type Listener = (event: LiveEvent) => void;

/** Time until the stream is opened again after it broke off: half of it or more, so that not all pages come at once. */
const RECONNECT_MS = 2_000;

const listeners = new Set<Listener>();

/** @returns a function that removes the listener */
export function listenToLiveEvents(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Where a reader of the events is: the id of the last one, null before the first. */
export interface Position {
  lastId: string | null;
}

/** Follows what changes for the user, in this tab or elsewhere, from the position on until the signal is aborted. */
export async function followLiveEvents(position: Position, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // An ended session makes the next request sign the page out.
    const hasEnded = await readStream(position, signal).catch(() => false);
    if (!hasEnded) await pause(RECONNECT_MS * (0.5 + Math.random() / 2), signal);
  }
}

/** @returns true when the session has ended */
async function readStream(position: Position, signal: AbortSignal): Promise<boolean> {
  const headers: Record<string, string> = position.lastId === null ? {} : { 'last-event-id': position.lastId };
  const response = await fetchSignedIn(`${API_URL}/user/me/events`, { headers, signal });
  if (!response.ok || !response.body) return false;
  // What happened before the stream begins is not told.
  if (position.lastId === null) tell({ type: 'reset', at: new Date().toISOString() });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ''; ;) {
    const { done, value } = await reader.read();
    if (done) return false;
    const frames = (rest + value).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const event = parse(frame);
      if (event === null) continue;
      if (event.type === 'session.ended') return true;
      position.lastId = event.id ?? position.lastId;
      tell(event);
    }
  }
}

function parse(frame: string): (LiveEvent & { readonly id?: string }) | null {
  const fields = Object.fromEntries(frame.split('\n').map((line) => line.split(/: (.*)/, 2) as [string, string]));
  const { id, data } = fields as { readonly id?: string; readonly data?: string };
  if (data === undefined) return null;
  return { ...(JSON.parse(data) as LiveEvent), ...(id === undefined ? {} : { id }) };
}

function tell(event: LiveEvent): void {
  for (const listener of [...listeners]) listener(event);
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
