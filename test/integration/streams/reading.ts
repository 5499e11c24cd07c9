import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { EntryId, StreamEntry, StreamStore } from '../../../src/streams/stream-store.js';

export const newStreamId = (): string => randomUUID();

export const entries = (attempt: number, numbers: readonly number[]): StreamEntry[] =>
  numbers.map((n) => ({ attempt, n, data: `data ${attempt}-${n}` }));

export const ids = (read: readonly EntryId[]): string[] => read.map(({ attempt, n }) => `${attempt}-${n}`);

/** All entries until the stream ends or the signal is aborted. */
export async function collect(
  store: StreamStore,
  streamId: string,
  after: EntryId | null = null,
  {
    signal = new AbortController().signal,
    onEntries = () => undefined,
  }: { signal?: AbortSignal; onEntries?: (batch: readonly StreamEntry[]) => void } = {},
): Promise<StreamEntry[]> {
  const all: StreamEntry[] = [];
  for await (const batch of store.read(streamId, after, signal)) {
    all.push(...batch);
    onEntries(batch);
  }
  return all;
}

/** @throws Error when the condition has not come true within 20 seconds */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${condition.toString()}`);
    await pause(5);
  }
}
