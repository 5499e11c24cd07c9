import { Body, Controller, Delete, HttpCode, Param, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { FeedbackService } from '../feedback/feedback.service.js';
import { NotAReplyError } from '../messages.errors.js';
import { MessagesService } from '../messages.service.js';
import { RateReplyRequest } from './feedback.request.js';
import { MessageResponse, toMessageResponse } from './message.response.js';

@ApiTags('Messages')
@Controller('chatroom/:chatroom_id/message/:message_id/feedback')
export class FeedbackController {
  constructor(
    private readonly feedback: FeedbackService,
    private readonly messages: MessagesService,
  ) {}

  @Put()
  @ApiOperation({ summary: 'Rate a reply', description: 'A reply has one rating of its user, which this replaces.' })
  @ApiOkResponse({ type: MessageResponse })
  @ApiProblems(NotAReplyError)
  async rateReply(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Param('message_id', IdPipe) messageId: string,
    @Body() { rating, comment = null }: RateReplyRequest,
  ): Promise<MessageResponse> {
    await this.feedback.rateReply(actor, { chatroomId, messageId, feedback: { rating, comment } });
    return toMessageResponse(await this.messages.getMessage(actor, { chatroomId, messageId }));
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Take the rating of a reply back', description: 'A reply without one is left as it is.' })
  @ApiNoContentResponse()
  @ApiProblems(NotAReplyError)
  async deleteRating(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) chatroomId: string,
    @Param('message_id', IdPipe) messageId: string,
  ): Promise<void> {
    await this.feedback.rateReply(actor, { chatroomId, messageId, feedback: null });
  }
}
