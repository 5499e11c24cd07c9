import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { BodyCache, type CachedBody } from '../../../cache/body-cache.js';
import type { Actor } from '../../../common/actor.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, isTimestamp, toPage } from '../../../common/http/page.js';
import { isId } from '../../../common/ids.js';
import { toChatroomResponse } from '../chatroom.response.js';
import { ChatroomsService } from '../chatrooms.service.js';
import type { ListChatroomsQuery } from './chatroom.request.js';

const TTL_MS = 600_000;
/** Changes with the form of the body, so that no release sends a body that another one wrote. */
const FORMAT = 2;

/** RFC 9211. */
const CACHE_STATUS: Readonly<Record<CachedBody['source'], string>> = {
  hit: 'chatrooms; hit',
  stored: 'chatrooms; fwd=miss; stored',
  not_stored: 'chatrooms; fwd=miss',
};

interface PageOptions {
  readonly archived: boolean;
  readonly q: string | null;
  readonly after: { readonly at: string; readonly id: string } | null;
  readonly limit: number;
}

/**
 * Answers the list of a user's chatrooms as the bytes that are sent. The cache key contains the version of the list,
 * which this request has read from the database and which every change of the list raises in its own transaction. So
 * an entry is never wrong; it is only not read any more.
 */
@Injectable()
export class ChatroomListService {
  constructor(
    private readonly chatrooms: ChatroomsService,
    private readonly cache: BodyCache,
  ) {}

  /** @throws ValidationFailedError for an invalid cursor */
  async read(actor: Actor, query: ListChatroomsQuery): Promise<{ body: string; cacheStatus: string }> {
    const [at, id] = decodeCursor(query.cursor, [isTimestamp, isId]) ?? [];
    const options = {
      archived: query.archived === 'true',
      q: query.q ?? null,
      after: at !== undefined && id !== undefined ? { at, id } : null,
      limit: query.limit ?? DEFAULT_PAGE_SIZE,
    };
    if (options.q !== null) return { body: await this.createBody(actor, options), cacheStatus: 'chatrooms; fwd=bypass' };
    const { body, source } = await this.cache.getOrMake(actor.userId, this.keyOf(actor, options), TTL_MS, () =>
      this.createBody(actor, options),
    );
    return { body, cacheStatus: CACHE_STATUS[source] };
  }

  /**
   * The key contains the models with what they offer: the end of a plan changes how replies of rooms are made without a
   * change of the list.
   */
  private keyOf(actor: Actor, { archived, after, limit }: PageOptions): string {
    const models = this.chatrooms.listModels(actor).map(({ model: { id }, capabilities }) => [id, capabilities]);
    const page = JSON.stringify([FORMAT, archived, after?.at, after?.id.toLowerCase(), limit, models]);
    return `chatrooms:${actor.listVersion}:${hash('sha256', page, 'base64url')}`;
  }

  private async createBody(actor: Actor, { archived, q, after, limit }: PageOptions): Promise<string> {
    const rooms = await this.chatrooms.listChatrooms(actor, { archived, q, after, count: limit + 1 });
    return JSON.stringify(
      toPage(
        rooms,
        limit,
        (room) => [room.lastActivityAt.toISOString(), room.id],
        (room) => toChatroomResponse(room, this.chatrooms.currentSettings(actor, room)),
      ),
    );
  }
}
