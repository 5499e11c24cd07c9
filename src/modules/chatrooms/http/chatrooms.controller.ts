import { Body, Controller, Get, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiRequestExample } from '../../../common/http/request-example.decorator.js';
import type { Actor } from '../../../common/actor.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor, VerifiedNumberOnly } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { ApiIdempotencyKey, Idempotency } from '../../../common/http/idempotency.decorator.js';
import { tagged } from '../../../common/http/entity-tag.js';
import type { IdempotencyKey } from '../../../common/idempotency-key.js';
import { IdempotencyKeyReusedError } from '../../../database/idempotency-keys.js';
import { NotInPlanError, NotOfferedByModelError, TooManyChatroomsError } from '../../subscriptions/index.js';
import type { Chatroom } from '../chatrooms.repository.js';
import { ChatroomsService } from '../chatrooms.service.js';
import { ChatroomListService } from './chatroom-list.service.js';
import { CreateChatroomRequest, ListChatroomsQuery, UpdateChatroomRequest } from './chatroom.request.js';
import { ChatroomPage, ChatroomResponse, toChatroomResponse } from '../chatroom.response.js';

const LIST_HEADERS = {
  'Cache-Status': {
    description: 'RFC 9211: `chatrooms; hit`, `chatrooms; fwd=miss; stored` or, with q, `chatrooms; fwd=bypass`.',
    schema: { type: 'string' },
  },
  ETag: { description: 'The value for If-None-Match.', schema: { type: 'string' } },
} as const;

@ApiTags('Chatrooms')
@Controller('chatroom')
export class ChatroomsController {
  constructor(
    private readonly chatrooms: ChatroomsService,
    private readonly list: ChatroomListService,
  ) {}

  @Post()
  @VerifiedNumberOnly()
  @ApiOperation({ summary: 'Create a chatroom', description: 'A chatroom without a name gets a title from its first exchange.' })
  @ApiIdempotencyKey()
  @ApiBody({ type: CreateChatroomRequest, required: false })
  @ApiCreatedResponse({ type: ChatroomResponse })
  @ApiProblems(NotInPlanError, NotOfferedByModelError, TooManyChatroomsError, IdempotencyKeyReusedError)
  @ApiRequestExample({ name: 'Trip to Kyoto', system_instruction: 'You are a friendly travel guide.' })
  async createChatroom(
    @CurrentActor() actor: Actor,
    @Body() body: CreateChatroomRequest,
    @Idempotency() key: IdempotencyKey | null,
  ): Promise<ChatroomResponse> {
    return this.present(
      actor,
      await this.chatrooms.createChatroom(
        actor,
        {
          name: body.name ?? null,
          systemInstruction: body.system_instruction ?? null,
          model: body.model ?? null,
          webSearch: body.web_search ?? false,
          reasoning: body.reasoning ?? null,
        },
        key,
      ),
    );
  }

  @Get()
  @ApiOperation({
    summary: 'List chatrooms, most recently active first',
    description: 'The list is cached for each user, and is never stale.',
  })
  @ApiOkResponse({ type: ChatroomPage, headers: LIST_HEADERS })
  @ApiResponse({ status: 304, description: 'The list is unchanged since the one that If-None-Match names.' })
  async listChatrooms(
    @CurrentActor() actor: Actor,
    @Query() query: ListChatroomsQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<string | undefined> {
    const { body, cacheStatus } = await this.list.read(actor, query);
    return tagged(request, response.header('cache-status', cacheStatus), body);
  }

  @Patch(':chatroom_id')
  @ApiOperation({
    summary: 'Change a chatroom: its name, archiving, and how its replies are made',
    description: 'An absent field stays unchanged; null clears it.',
  })
  @ApiOkResponse({ type: ChatroomResponse })
  @ApiProblems(NotInPlanError, NotOfferedByModelError)
  @ApiRequestExample({ name: 'Two days in Kyoto' })
  async updateChatroom(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) id: string,
    @Body() body: UpdateChatroomRequest,
  ): Promise<ChatroomResponse> {
    const { name, system_instruction: systemInstruction, model, web_search: webSearch, reasoning, archived } = body;
    return this.present(
      actor,
      await this.chatrooms.updateChatroom(actor, id, {
        ...(name === undefined ? {} : { name }),
        ...(systemInstruction === undefined ? {} : { systemInstruction }),
        ...(model === undefined ? {} : { model }),
        ...(webSearch === undefined ? {} : { webSearch }),
        ...(reasoning === undefined ? {} : { reasoning }),
        ...(archived === undefined ? {} : { archived }),
      }),
    );
  }

  private present(actor: Actor, room: Chatroom): ChatroomResponse {
    return toChatroomResponse(room, this.chatrooms.currentSettings(actor, room));
  }
}
