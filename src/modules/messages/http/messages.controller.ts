import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor, VerifiedNumberOnly } from '../../../common/http/current-actor.decorator.js';
import { ApiIdempotencyKey, Idempotency } from '../../../common/http/idempotency.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { DEFAULT_PAGE_SIZE } from '../../../common/http/page.js';
import type { IdempotencyKey } from '../../../common/idempotency-key.js';
import { IdempotencyKeyReusedError } from '../../../database/idempotency-keys.js';
import { DailyLimitReachedError, TooManyPendingRepliesError } from '../messages.errors.js';
import { MessagesService } from '../messages.service.js';
import { startOf, toAllPage, toBranchPage } from './message-page.js';
import { GetMessageQuery, ListMessagesQuery, SendMessageRequest } from './message.request.js';
import { ExchangeResponse, MessagePage, MessageResponse, toExchangeResponse, toMessageResponse } from './message.response.js';

@ApiTags('Messages')
@Controller('chatroom/:chatroom_id/message')
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Post()
  @VerifiedNumberOnly()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send a message',
    description: 'The reply is made in the background: read it at `Location`, with `?wait=` to be told when it is finished.',
  })
  @ApiIdempotencyKey()
  @ApiAcceptedResponse({ type: ExchangeResponse, headers: { Location: { description: 'Path of the reply.', schema: { type: 'string' } } } })
  @ApiProblems(DailyLimitReachedError, TooManyPendingRepliesError, IdempotencyKeyReusedError)
  async sendMessage(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Body() { content }: SendMessageRequest,
    @Idempotency() key: IdempotencyKey | null,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<ExchangeResponse> {
    const exchange = await this.messages.sendMessage(actor, chatroomId, content, key);
    response.header('location', `/chatroom/${chatroomId}/message/${exchange.reply.id}`);
    return toExchangeResponse(exchange);
  }

  @Get()
  @ApiOperation({ summary: 'List messages, newest first' })
  @ApiOkResponse({ type: MessagePage })
  async listMessages(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Query() { branch = 'active', cursor, limit = DEFAULT_PAGE_SIZE }: ListMessagesQuery,
  ): Promise<MessagePage> {
    const rows = await this.messages.listMessages(actor, chatroomId, startOf(branch, cursor), limit + 1);
    return branch === 'active' ? toBranchPage(rows, limit) : toAllPage(rows, limit);
  }

  @Get(':message_id')
  @ApiOperation({ summary: 'Read a message; with ?wait=, when it is finished' })
  @ApiOkResponse({ type: MessageResponse })
  async getMessage(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Param('message_id', IdPipe) id: string,
    @Query() { wait = 0 }: GetMessageQuery,
  ): Promise<MessageResponse> {
    return toMessageResponse(await this.messages.getMessage(actor, chatroomId, id, wait * 1_000));
  }
}
