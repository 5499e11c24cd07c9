import { Controller, Delete, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { DEFAULT_PAGE_SIZE } from '../../../common/http/page.js';
import { TooManyStreamsError } from '../../../common/http/live-connections.js';
import { MessagesService } from '../messages.service.js';
import { ApiReplyStream, STREAM_DESCRIPTION } from './exchange-responder.js';
import { CancelledReplies, toMessageResponse } from './message.response.js';
import { StreamResponder } from './stream-responder.js';
import { ConversationResponse, toConversationResponse } from './conversation.response.js';

/** Routes for a room together with its messages. */
@ApiTags('Chatrooms')
@Controller('chatroom/:chatroom_id')
export class ConversationsController {
  constructor(
    private readonly messages: MessagesService,
    private readonly streams: StreamResponder,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Read a chatroom and the newest messages of its active branch',
    description:
      'The messages are in the order of the conversation, oldest first; `messages.next_cursor` leads to older ones at GET /chatroom/{chatroom_id}/message.',
  })
  @ApiOkResponse({ type: ConversationResponse })
  async getChatroom(@CurrentActor() actor: Actor, @Param('chatroom_id', IdPipe) id: string): Promise<ConversationResponse> {
    return toConversationResponse(await this.messages.getConversation(actor, { chatroomId: id, count: DEFAULT_PAGE_SIZE + 1 }));
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a chatroom with its messages',
    description: 'Replies in progress are aborted. The units of replies that no worker had begun are refunded.',
  })
  @ApiNoContentResponse()
  async deleteChatroom(@CurrentActor() actor: Actor, @Param('chatroom_id', IdPipe) id: string): Promise<void> {
    await this.messages.deleteChatroom(actor, id);
  }

  @Get('stream')
  @ApiOperation({
    summary: 'Stream the current reply of a chatroom',
    description: `The stream of the oldest unfinished reply from its start; without one, of the newest reply if it finished within the last minute. ${STREAM_DESCRIPTION}`,
  })
  @ApiReplyStream()
  @ApiNoContentResponse({ description: 'There is no such reply.' })
  @ApiProblems(TooManyStreamsError)
  async streamChatroom(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) id: string,
    @Res() response: FastifyReply,
  ): Promise<void> {
    await this.streams.start(actor, await this.messages.getCurrentReply(actor, id), response);
  }

  @Post('cancel')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Stop every unfinished reply of a chatroom',
    description: 'Waiting replies end at once; the text so far of one that is being written is kept.',
  })
  @ApiOkResponse({ type: CancelledReplies })
  async cancelReplies(@CurrentActor() actor: Actor, @Param('chatroom_id', IdPipe) id: string): Promise<CancelledReplies> {
    return { data: (await this.messages.cancelReplies(actor, id)).map(toMessageResponse) };
  }
}
