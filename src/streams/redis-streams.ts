import type { Redis } from 'ioredis';
import { type Batch, StreamReader } from './stream-reader.js';
import type { RedisChannels } from './redis-channels.js';
import { Signals } from './signals.js';
import {
  type AppendResult,
  checkEntries,
  END_N,
  type EntryId,
  type StreamEntry,
  type StreamOptions,
  type StreamState,
  StreamStore,
} from './stream-store.js';

/** Most entries of one batch. */
const BATCH = 256;
/** Longer entries are only announced, because Redis and every listener hold published messages in memory. */
const MAX_PUBLISHED = 16 * 1024;
/**
 * Announcements that are kept for readers who are a little behind the others. Together they are no longer than a single
 * one may be.
 */
const KEPT_ANNOUNCEMENTS = 8;

/**
 * Compares and appends. Each entry of the Redis stream has the id attempt-n, its data in `d` and in `b` the bytes of
 * the stream up to it. The end of an attempt is an entry with the highest n. parseAnnouncement reads its published
 * messages.
 */
const APPEND = `
local attempt, after, ttl, limit, news = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local first, isEnd = 6, ARGV[6] == '${END_N}'
local before, newestAttempt, newest, bytes = '', -1, 0, 0
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if last then
  local dash = string.find(last[1], '-', 1, true)
  before, newestAttempt, newest, bytes = last[1], tonumber(string.sub(last[1], 1, dash - 1)), tonumber(string.sub(last[1], dash + 1)), tonumber(last[2][4])
end
if newestAttempt > attempt or (newestAttempt == attempt and newest == ${END_N} and not isEnd) then return 'superseded' end
if newestAttempt < attempt then newest, bytes = 0, 0 end
if after ~= '' and newest < tonumber(after) then return 'lost' end
local length = bytes
for i = first, #ARGV, 2 do
  if tonumber(ARGV[i]) > newest then length = length + #ARGV[i + 1] end
end
if length > limit then return 'full' end
if last and newestAttempt < attempt then redis.call('DEL', KEYS[1]) end
local added = 0
for i = first, #ARGV, 2 do
  if tonumber(ARGV[i]) > newest then
    bytes, added = bytes + #ARGV[i + 1], added + 1
    redis.call('XADD', KEYS[1], ARGV[1] .. '-' .. ARGV[i], 'd', ARGV[i + 1], 'b', bytes)
  end
end
redis.call('PEXPIRE', KEYS[1], ttl)
if added > 0 then
  local isWhole = added * 2 == #ARGV - first + 1
  redis.call('PUBLISH', KEYS[1], before .. ' ' .. (isWhole and news ~= '' and ARGV[1] .. ' ' .. news or ''))
end
return 'appended'
`;

interface ScriptedRedis extends Redis {
  appendToStream(
    key: string,
    attempt: number,
    after: number | '',
    ttlMs: number,
    maxBytes: number,
    news: string,
    ...numbersAndData: (number | string)[]
  ): Promise<AppendResult>;
}

/** A stream with readers in this process. */
interface Watched {
  readonly rings: Set<() => void>;
  /**
   * The entries of the last announcements, by the id of the entry before them. Readers who have everything up to there
   * take them without a command to Redis, and all of them the same array.
   */
  readonly recent: Map<string, readonly StreamEntry[]>;
  /** The id of the last announced entry. */
  newest: string;
  live: boolean;
  stop(): void;
}

/** Streams in Redis. */
export class RedisStreams extends StreamStore {
  private readonly redis: ScriptedRedis;
  private readonly watched = new Map<string, Watched>();

  constructor(
    redis: Redis,
    private readonly channels: RedisChannels,
    private readonly options: StreamOptions,
  ) {
    super();
    redis.defineCommand('appendToStream', { lua: APPEND, numberOfKeys: 1 });
    this.redis = redis as ScriptedRedis;
  }

  async append(streamId: string, entries: readonly StreamEntry[], after: number | null): Promise<AppendResult> {
    checkEntries(entries);
    const news = JSON.stringify(entries.map(({ n, data }) => [n, data]));
    return this.redis.appendToStream(
      keyOf(streamId),
      entries[0].attempt,
      after ?? '',
      this.options.ttlMs,
      this.options.maxBytes,
      news.length > MAX_PUBLISHED ? '' : news,
      ...entries.flatMap(({ n, data }) => [n, data]),
    );
  }

  async end(streamId: string, attempt: number): Promise<boolean> {
    const unlimited = Number.MAX_SAFE_INTEGER;
    const result = await this.redis.appendToStream(keyOf(streamId), attempt, '', this.options.endedTtlMs, unlimited, '', END_N, '');
    return result === 'appended';
  }

  read(streamId: string, after: EntryId | null, signal: AbortSignal): AsyncIterableIterator<readonly StreamEntry[]> {
    const source = {
      watch: (ring: () => void) => this.watch(streamId, ring),
      look: (position: EntryId | null) => this.look(streamId, position),
    };
    return new StreamReader(source, after, signal);
  }

  async state(streamId: string): Promise<StreamState | null> {
    const found = (await this.redis.xrevrange(keyOf(streamId), '+', '-', 'COUNT', 2)).map(toEntry);
    const newest = found[0];
    if (!newest) return null;
    const ended = newest.n === END_N;
    return { attempt: newest.attempt, n: ended ? (found[1]?.n ?? 0) : newest.n, ended };
  }

  private look(streamId: string, after: EntryId | null): Batch | Promise<Batch | null> {
    const watched = this.watched.get(streamId);
    const entries = watched?.recent.get(idOf(after));
    if (watched && entries) return { entries, ended: false, more: idOf(entries.at(-1) ?? null) !== watched.newest };
    return this.lookInRedis(streamId, after);
  }

  private async lookInRedis(streamId: string, after: EntryId | null): Promise<Batch | null> {
    try {
      const found = await this.redis.xrange(keyOf(streamId), after ? `(${idOf(after)}` : '-', '+', 'COUNT', BATCH);
      const entries = found.map(toEntry);
      const ended = entries.at(-1)?.n === END_N;
      return { entries: ended ? entries.slice(0, -1) : entries, ended, more: found.length === BATCH };
    } catch (error) {
      if (this.redis.status === 'end') throw error;
      // Redis is unreachable or silent. The connection logs it, and the reader retries.
      return null;
    }
  }

  private watch(streamId: string, ring: () => void): () => void {
    const watched = this.watched.get(streamId) ?? this.startWatching(streamId);
    watched.rings.add(ring);
    if (watched.live) ring();
    return () => {
      watched.rings.delete(ring);
      if (watched.rings.size > 0 || this.watched.get(streamId) !== watched) return;
      this.watched.delete(streamId);
      watched.stop();
    };
  }

  private startWatching(streamId: string): Watched {
    const ringAll = () => {
      for (const ring of watched.rings) ring();
    };
    const watched: Watched = { rings: new Set(), recent: new Map(), newest: '', live: false, stop: () => undefined };
    this.watched.set(streamId, watched);
    watched.stop = this.channels.listen(keyOf(streamId), {
      onMessage: (message) => {
        keep(watched, parseAnnouncement(message));
        ringAll();
      },
      onMissed: () => {
        watched.recent.clear();
        watched.live = true;
        ringAll();
      },
    });
    return watched;
  }
}

/** Signals through Redis pub/sub. */
export class RedisSignals extends Signals {
  constructor(
    private readonly redis: Redis,
    private readonly channels: RedisChannels,
  ) {
    super();
  }

  publish(topic: string, message: string): void {
    this.redis.publish(`signal:${topic}`, message).catch(() => undefined);
  }

  listen(topic: string, listener: (message: string) => void): () => void {
    return this.channels.listen(`signal:${topic}`, { onMessage: listener });
  }
}

/** The key of a stream, and the name of its channel. */
const keyOf = (streamId: string): string => `stream:${streamId}`;

const idOf = (id: EntryId | null): string => (id ? `${id.attempt}-${id.n}` : '');

function toEntry([id, fields]: [string, string[]]): StreamEntry {
  const dash = id.indexOf('-');
  return { attempt: Number(id.slice(0, dash)), n: Number(id.slice(dash + 1)), data: fields[1] ?? '' };
}

interface Announcement {
  /** The id of the entry before; empty for none. */
  readonly before: string;
  readonly entries: readonly StreamEntry[];
}

const lengthOf = (entries: readonly StreamEntry[]): number => entries.reduce((sum, { data }) => sum + data.length, 0);

/** @param announcement null when readers have to read from Redis */
function keep(watched: Watched, announcement: Announcement | null): void {
  const { recent } = watched;
  if (announcement === null) {
    recent.clear();
    return;
  }
  recent.set(announcement.before, announcement.entries);
  watched.newest = idOf(announcement.entries.at(-1) ?? null);
  let length = [...recent.values()].reduce((sum, entries) => sum + lengthOf(entries), 0);
  for (const [before, entries] of recent) {
    if (recent.size <= KEPT_ANNOUNCEMENTS && length <= MAX_PUBLISHED) break;
    recent.delete(before);
    length -= lengthOf(entries);
  }
}

/** `<id of the previous entry> <attempt> <entries as JSON>`. Without the last two, readers have to read from Redis. */
function parseAnnouncement(message: string): Announcement | null {
  const [before = '', attempt = ''] = message.split(' ', 2);
  if (attempt === '') return null;
  const pairs = JSON.parse(message.slice(before.length + attempt.length + 2)) as [number, string][];
  return { before, entries: pairs.map(([n, data]) => ({ attempt: Number(attempt), n, data })) };
}
