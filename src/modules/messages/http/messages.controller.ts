import { applyDecorators, Body, Controller, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor, VerifiedNumberOnly } from '../../../common/http/current-actor.decorator.js';
import { ApiIdempotencyKey, Idempotency } from '../../../common/http/idempotency.decorator.js';
import { TooManyStreamsError } from '../../../common/http/live-connections.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { DEFAULT_PAGE_SIZE } from '../../../common/http/page.js';
import type { IdempotencyKey } from '../../../common/idempotency-key.js';
import { IdempotencyKeyReusedError } from '../../../database/idempotency-keys.js';
import { ChatroomResponse } from '../../chatrooms/index.js';
import { NotInPlanError, NotOfferedByModelError } from '../../subscriptions/index.js';
import {
  DailyLimitReachedError,
  FairUseLimitReachedError,
  NotAReplyError,
  NotAUserMessageError,
  ServiceBudgetReachedError,
  TooManyBranchesError,
  TooManyPendingRepliesError,
} from '../messages.errors.js';
import { MessagesService } from '../messages.service.js';
import { toRoomResponse } from './conversation.response.js';
import {
  ApiResumedStream,
  ApiStreamedExchange,
  EXCHANGE_ANSWER,
  EXCHANGE_DESCRIPTION,
  ExchangeResponder,
  STREAM_DESCRIPTION,
} from './exchange-responder.js';
import { EditMessageRequest, GetMessageQuery, ListMessagesQuery, optionsOf, pageStartOf, SendMessageRequest } from './message.request.js';
import { MessagePage, MessageResponse, toMessagePage, toMessageResponse } from './message.response.js';
import { StreamResponder } from './stream-responder.js';

const ApiEdit = () =>
  applyDecorators(
    VerifiedNumberOnly(),
    HttpCode(202),
    ApiOperation({
      summary: 'Edit a message',
      description: `The message stays: the new text begins a branch beside it, with its own reply. ${EXCHANGE_DESCRIPTION}`,
    }),
    ApiIdempotencyKey(),
    ApiAcceptedResponse(EXCHANGE_ANSWER),
    ApiStreamedExchange(),
    ApiProblems(
      DailyLimitReachedError,
      FairUseLimitReachedError,
      TooManyPendingRepliesError,
      ServiceBudgetReachedError,
      TooManyStreamsError,
      NotAUserMessageError,
      NotInPlanError,
      NotOfferedByModelError,
      TooManyBranchesError,
      IdempotencyKeyReusedError,
    ),
  );

@ApiTags('Messages')
@Controller('chatroom/:chatroom_id/message')
export class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly exchanges: ExchangeResponder,
    private readonly streams: StreamResponder,
  ) {}

  @Post()
  @VerifiedNumberOnly()
  @HttpCode(202)
  @ApiOperation({ summary: 'Send a message', description: EXCHANGE_DESCRIPTION })
  @ApiIdempotencyKey()
  @ApiAcceptedResponse(EXCHANGE_ANSWER)
  @ApiStreamedExchange()
  @ApiProblems(
    DailyLimitReachedError,
    FairUseLimitReachedError,
    TooManyPendingRepliesError,
    ServiceBudgetReachedError,
    TooManyStreamsError,
    NotAReplyError,
    NotInPlanError,
    NotOfferedByModelError,
    TooManyBranchesError,
    IdempotencyKeyReusedError,
  )
  async sendMessage(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Body() { content, parent_id: parentId, ...options }: SendMessageRequest,
    @Idempotency() key: IdempotencyKey | null,
    @Req() request: FastifyRequest,
    @Res() response: FastifyReply,
  ): Promise<void> {
    await this.exchanges.answer(actor, request, response, () =>
      this.messages.sendMessage(actor, { chatroomId, content, key, parentId, options: optionsOf(options) }),
    );
  }

  @Patch(':message_id')
  @ApiEdit()
  editMessage(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Param('message_id', IdPipe) id: string,
    @Body() { content, ...options }: EditMessageRequest,
    @Idempotency() key: IdempotencyKey | null,
    @Req() request: FastifyRequest,
    @Res() response: FastifyReply,
  ): Promise<void> {
    return this.exchanges.answer(actor, request, response, () =>
      this.messages.editMessage(actor, { chatroomId, messageId: id, content, key, options: optionsOf(options) }),
    );
  }

  /** The same for clients and proxies that do not support PATCH. */
  @Post(':message_id/edit')
  @ApiEdit()
  editMessageWithPost(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Param('message_id', IdPipe) id: string,
    @Body() { content, ...options }: EditMessageRequest,
    @Idempotency() key: IdempotencyKey | null,
    @Req() request: FastifyRequest,
    @Res() response: FastifyReply,
  ): Promise<void> {
    return this.exchanges.answer(actor, request, response, () =>
      this.messages.editMessage(actor, { chatroomId, messageId: id, content, key, options: optionsOf(options) }),
    );
  }

  @Post(':message_id/activate')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Activate the branch of a message',
    description:
      'The active branch then leads through this message to the newest one after it. Lists show this branch, and the next message follows it.',
  })
  @ApiOkResponse({ type: ChatroomResponse })
  async activateMessage(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Param('message_id', IdPipe) id: string,
  ): Promise<ChatroomResponse> {
    return toRoomResponse(await this.messages.activateMessage(actor, { chatroomId, messageId: id }));
  }

  @Post(':message_id/regenerate')
  @VerifiedNumberOnly()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Create another reply',
    description: `The new reply answers this message or, when this is a reply, the message that it answers. ${EXCHANGE_DESCRIPTION}`,
  })
  @ApiIdempotencyKey()
  @ApiAcceptedResponse(EXCHANGE_ANSWER)
  @ApiStreamedExchange()
  @ApiProblems(
    DailyLimitReachedError,
    FairUseLimitReachedError,
    TooManyPendingRepliesError,
    ServiceBudgetReachedError,
    TooManyStreamsError,
    TooManyBranchesError,
    IdempotencyKeyReusedError,
  )
  async regenerateReply(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Param('message_id', IdPipe) id: string,
    @Idempotency() key: IdempotencyKey | null,
    @Req() request: FastifyRequest,
    @Res() response: FastifyReply,
  ): Promise<void> {
    await this.exchanges.answer(actor, request, response, () => this.messages.regenerateReply(actor, { chatroomId, messageId: id, key }));
  }

  @Post(':message_id/cancel')
  @HttpCode(200)
  @ApiOperation({ summary: 'Stop a reply', description: 'The text so far is kept. A finished reply is returned unchanged.' })
  @ApiOkResponse({ type: MessageResponse })
  @ApiProblems(NotAReplyError)
  async cancelReply(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Param('message_id', IdPipe) id: string,
  ): Promise<MessageResponse> {
    return toMessageResponse(await this.messages.cancelReply(actor, { chatroomId, messageId: id }));
  }

  @Get(':message_id/stream')
  @ApiOperation({ summary: 'Stream a reply', description: STREAM_DESCRIPTION })
  @ApiResumedStream()
  @ApiNoContentResponse({ description: 'The stream has no event after `Last-Event-ID`.' })
  @ApiProblems(NotAReplyError, TooManyStreamsError)
  async streamReply(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Param('message_id', IdPipe) id: string,
    @Req() request: FastifyRequest,
    @Res() response: FastifyReply,
  ): Promise<void> {
    await this.streams.resume(actor, { chatroomId, id }, request, response);
  }

  @Get()
  @ApiOperation({
    summary: 'List messages, newest first',
    description: 'The active branch, or with `branch=all` every message of the chatroom.',
  })
  @ApiOkResponse({ type: MessagePage })
  async listMessages(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Query() { branch = 'active', cursor, limit = DEFAULT_PAGE_SIZE }: ListMessagesQuery,
  ): Promise<MessagePage> {
    return toMessagePage(await this.messages.listMessages(actor, { chatroomId, start: pageStartOf(branch, cursor), count: limit + 1 }), {
      branch,
      limit,
    });
  }

  @Get(':message_id')
  @ApiOperation({
    summary: 'Read a message; with ?wait=, wait until it is finished',
    description: '`wait` holds the answer for up to 30 seconds until the reply is finished, for clients that do not stream.',
  })
  @ApiOkResponse({ type: MessageResponse })
  async getMessage(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Param('message_id', IdPipe) id: string,
    @Query() { wait = 0 }: GetMessageQuery,
  ): Promise<MessageResponse> {
    return toMessageResponse(await this.messages.getMessage(actor, { chatroomId, messageId: id, waitMs: wait * 1_000 }));
  }
}
