import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { ApiIdempotencyKey, Idempotency } from '../../../common/http/idempotency.decorator.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, isTimestamp, toPage } from '../../../common/http/page.js';
import type { IdempotencyKey } from '../../../common/idempotency-key.js';
import { isId } from '../../../common/ids.js';
import { IdempotencyKeyReusedError } from '../../../database/idempotency-keys.js';
import { ModelNotAvailableError } from '../chatrooms.errors.js';
import type { Chatroom } from '../chatrooms.repository.js';
import { ChatroomsService } from '../chatrooms.service.js';
import { CreateChatroomRequest, ListChatroomsQuery, UpdateChatroomRequest } from './chatroom.request.js';
import { ChatroomPage, ChatroomResponse, toChatroomResponse } from './chatroom.response.js';

@ApiTags('Chatrooms')
@Controller('chatroom')
export class ChatroomsController {
  constructor(private readonly chatrooms: ChatroomsService) {}

  @Post()
  @ApiOperation({ summary: 'Create a chatroom', description: 'Without a name it is titled from its first exchange.' })
  @ApiIdempotencyKey()
  @ApiBody({ type: CreateChatroomRequest, required: false })
  @ApiCreatedResponse({ type: ChatroomResponse })
  @ApiProblems(ModelNotAvailableError, IdempotencyKeyReusedError)
  async createChatroom(@CurrentActor() actor: Actor, @Body() body: CreateChatroomRequest, @Idempotency() key: IdempotencyKey | null): Promise<ChatroomResponse> {
    return this.present(
      actor,
      await this.chatrooms.createChatroom(
        actor,
        { name: body.name ?? null, systemInstruction: body.system_instruction ?? null, model: body.model ?? null },
        key,
      ),
    );
  }

  @Get()
  @ApiOperation({ summary: 'List chatrooms, most recently active first' })
  @ApiOkResponse({ type: ChatroomPage })
  async listChatrooms(@CurrentActor() actor: Actor, @Query() query: ListChatroomsQuery): Promise<ChatroomPage> {
    const limit = query.limit ?? DEFAULT_PAGE_SIZE;
    const [at, id] = decodeCursor(query.cursor, [isTimestamp, isId]) ?? [];
    return toPage(
      await this.chatrooms.listChatrooms(actor, {
        archived: query.archived === 'true',
        q: query.q ?? null,
        after: at !== undefined && id !== undefined ? { at, id } : null,
        count: limit + 1,
      }),
      limit,
      (room) => [room.last_activity_at.toISOString(), room.id],
      (room) => this.present(actor, room),
    );
  }

  @Patch(':chatroom_id')
  @ApiOperation({ summary: 'Rename, instruct, archive or re-model a chatroom', description: 'Absent fields stay as they are; null clears one.' })
  @ApiOkResponse({ type: ChatroomResponse })
  @ApiProblems(ModelNotAvailableError)
  async updateChatroom(@CurrentActor() actor: Actor, @Param('chatroom_id', IdPipe) id: string, @Body() body: UpdateChatroomRequest): Promise<ChatroomResponse> {
    const { name, system_instruction: systemInstruction, model, archived } = body;
    return this.present(
      actor,
      await this.chatrooms.updateChatroom(actor, id, {
        ...(name === undefined ? {} : { name }),
        ...(systemInstruction === undefined ? {} : { systemInstruction }),
        ...(model === undefined ? {} : { model }),
        ...(archived === undefined ? {} : { archived }),
      }),
    );
  }

  private present(actor: Actor, room: Chatroom): ChatroomResponse {
    return toChatroomResponse(room, this.chatrooms.effectiveModel(actor, room));
  }
}
