import { Body, Controller, Get, HttpCode, Param, Post, Query, type StreamableFile } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import type { Page } from '../../../common/http/page.js';
import { NotAReplyError, ReplyNotRetryableError } from '../../messages/index.js';
import type { Administrator } from '../administrator.js';
import { ConversationsService } from '../conversations.service.js';
import { CsvExportsService } from '../csv-exports.service.js';
import {
  ListMessagesQuery,
  ListRoomsQuery,
  MessageFilterQuery,
  messagePage,
  retryLimit,
  RetryRepliesRequest,
  roomPage,
  toMessageFilter,
  toRetryFilter,
} from './conversation.request.js';
import {
  MessageRecordPage,
  MessageRecordResponse,
  RetriedRepliesResponse,
  RoomRecordPage,
  type RoomRecordResponse,
  toMessageRecordPage,
  toMessageRecordResponse,
  toRoomRecordPage,
} from './conversation.response.js';
import { ApiCsv, toCsvFile } from './csv-file.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin')
export class AllConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly exports: CsvExportsService,
  ) {}

  @Get('chatrooms')
  @ApiOperation({ summary: 'The chatrooms of all users, newest first' })
  @ApiOkResponse({ type: RoomRecordPage })
  async listAllChatrooms(@CurrentAdministrator() by: Administrator, @Query() query: ListRoomsQuery): Promise<Page<RoomRecordResponse>> {
    return toRoomRecordPage(
      await this.conversations.listChatrooms(by, { userId: query.user_id }, query.content === 'true', roomPage(query)),
      query,
    );
  }

  @Get('messages')
  @ApiOperation({
    summary: 'The messages of all users, newest first',
    description:
      'By status, role, user, room and time. What was written is not shown unless asked for, which the service may not allow (403).',
  })
  @ApiOkResponse({ type: MessageRecordPage })
  async listAllMessages(
    @CurrentAdministrator() by: Administrator,
    @Query() query: ListMessagesQuery,
  ): Promise<Page<MessageRecordResponse>> {
    return toMessageRecordPage(
      await this.conversations.listMessages(by, toMessageFilter(query), query.content === 'true', messagePage(query)),
      query,
    );
  }

  @Get('messages/export')
  @ApiOperation({ summary: 'The same as CSV, all that the filters let through' })
  @ApiCsv('messages')
  async exportMessages(@CurrentAdministrator() by: Administrator, @Query() query: MessageFilterQuery): Promise<StreamableFile> {
    return toCsvFile('messages', await this.exports.exportMessages(by, toMessageFilter(query), query.content === 'true'));
  }

  @Post('messages/retry')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Try failed replies again, the oldest first',
    description:
      "At most 100 at a time. Nothing is charged. Readers of their streams get a new text. Imported and copied replies are left out. The owner's current plan decides on the model, as for a new message.",
  })
  @ApiBody({ type: RetryRepliesRequest, required: false })
  @ApiAcceptedResponse({ type: RetriedRepliesResponse })
  async retryReplies(@CurrentAdministrator() by: Administrator, @Body() body: RetryRepliesRequest): Promise<RetriedRepliesResponse> {
    const { ids, hasMore } = await this.conversations.retryReplies(by, toRetryFilter(body), retryLimit(body));
    return { message_ids: ids, has_more: hasMore };
  }

  @Post('messages/:message_id/retry')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Try a failed reply again',
    description:
      "Nothing is charged. The owner's current plan decides on the model, as for a new message: a model that the plan no longer has is replaced. A reply that has not failed, is being tried again already, or came from an import or a copy is refused.",
  })
  @ApiAcceptedResponse({ type: MessageRecordResponse })
  @ApiProblems(NotAReplyError, ReplyNotRetryableError)
  async retryReply(
    @CurrentAdministrator() by: Administrator,
    @Param('message_id', IdPipe) messageId: string,
  ): Promise<MessageRecordResponse> {
    return toMessageRecordResponse(await this.conversations.retryReply(by, messageId));
  }
}
