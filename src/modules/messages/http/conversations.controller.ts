import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { DEFAULT_PAGE_SIZE } from '../../../common/http/page.js';
import { MessagesService } from '../messages.service.js';
import { ConversationResponse, toConversationResponse } from './conversation.response.js';

/** A room together with its messages. */
@ApiTags('Chatrooms')
@Controller('chatroom/:chatroom_id')
export class ConversationsController {
  constructor(private readonly messages: MessagesService) {}

  @Get()
  @ApiOperation({ summary: 'Read a chatroom and the newest messages of its active branch' })
  @ApiOkResponse({ type: ConversationResponse })
  async getConversation(@CurrentActor() actor: Actor, @Param('chatroom_id', IdPipe) id: string): Promise<ConversationResponse> {
    return toConversationResponse(await this.messages.getConversation(actor, id, DEFAULT_PAGE_SIZE + 1), DEFAULT_PAGE_SIZE);
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a chatroom with its messages',
    description: 'Replies in progress are aborted; one that was not begun costs nothing.',
  })
  @ApiNoContentResponse()
  async deleteChatroom(@CurrentActor() actor: Actor, @Param('chatroom_id', IdPipe) id: string): Promise<void> {
    await this.messages.deleteChatroom(actor, id);
  }
}
