import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, type StreamableFile } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiRequestExample } from '../../../common/http/request-example.decorator.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import type { Page } from '../../../common/http/page.js';
import { AttachmentLinkResponse, LinkAddresses } from '../../attachments/index.js';
import { NotAReplyError, ReplyNotRetryableError } from '../../messages/index.js';
import type { Administrator } from '../administrator.js';
import { ConversationsService } from '../conversations.service.js';
import { CsvExportsService } from '../csv-exports.service.js';
import {
  ListMessagesQuery,
  ListRoomsQuery,
  MessageFilterQuery,
  RetryRepliesRequest,
  toMessageExport,
  toMessageList,
  toReplyRetry,
  toRoomList,
} from './conversation.request.js';
import {
  MessageRecordPage,
  MessageRecordResponse,
  RetriedRepliesResponse,
  RoomRecordPage,
  type RoomRecordResponse,
  toMessageRecordPage,
  toMessageRecordResponse,
  toRetriedRepliesResponse,
  toRoomRecordPage,
} from './conversation.response.js';
import { ApiCsv, toCsvFile } from './csv-file.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin')
export class AdminConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly exports: CsvExportsService,
    private readonly addresses: LinkAddresses,
  ) {}

  @Get('chatrooms')
  @ApiOperation({
    summary: 'List the chatrooms of all users, newest first',
    description: 'Names and counts; the contents of rooms are not part of it.',
  })
  @ApiOkResponse({ type: RoomRecordPage })
  async listAllChatrooms(@CurrentAdministrator() by: Administrator, @Query() query: ListRoomsQuery): Promise<Page<RoomRecordResponse>> {
    return toRoomRecordPage(await this.conversations.listChatrooms(by, toRoomList(query)), query);
  }

  @Get('messages')
  @ApiOperation({
    summary: 'List the messages of all users, newest first',
    description:
      'Filters: status, role, user, chatroom and time. Content is included only with `content=true`, which the service may refuse (403).',
  })
  @ApiOkResponse({ type: MessageRecordPage })
  async listAllMessages(
    @CurrentAdministrator() by: Administrator,
    @Query() query: ListMessagesQuery,
  ): Promise<Page<MessageRecordResponse>> {
    return toMessageRecordPage(await this.conversations.listMessages(by, toMessageList(query)), query);
  }

  @Get('messages/export')
  @ApiOperation({
    summary: 'Export all messages that match the filters as CSV',
    description: 'One row for each message, newest first, with the filters of the list. The audit log records the export.',
  })
  @ApiCsv('messages')
  async exportMessages(@CurrentAdministrator() by: Administrator, @Query() query: MessageFilterQuery): Promise<StreamableFile> {
    return toCsvFile('messages', await this.exports.exportMessages(by, toMessageExport(query)));
  }

  @Post('attachments/:attachment_id/link')
  @ApiOperation({
    summary: 'Create a link to a file of a user',
    description:
      'The link opens this file alone, for 5 minutes. The service may refuse it (403), as it may refuse the contents of messages. ' +
      'The audit log records who asked for it.',
  })
  @ApiCreatedResponse({ type: AttachmentLinkResponse })
  async createLinkToAnyAttachment(
    @CurrentAdministrator() by: Administrator,
    @Param('attachment_id', IdPipe) id: string,
    @Req() request: FastifyRequest,
  ): Promise<AttachmentLinkResponse> {
    return this.addresses.toResponse(await this.conversations.createAttachmentLink(by, { id }), request);
  }

  @Post('messages/retry')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Retry failed replies, the oldest first',
    description:
      'At most 100 in one request. Nothing is charged. Readers of the streams get the new text. Imported and copied replies are left out. ' +
      'The owner’s present plan decides on the model, as for a new message.',
  })
  @ApiBody({ type: RetryRepliesRequest, required: false })
  @ApiAcceptedResponse({ type: RetriedRepliesResponse })
  @ApiRequestExample({ error_code: 'model_unavailable', limit: 100 })
  async retryReplies(@CurrentAdministrator() by: Administrator, @Body() body: RetryRepliesRequest): Promise<RetriedRepliesResponse> {
    return toRetriedRepliesResponse(await this.conversations.retryReplies(by, toReplyRetry(body)));
  }

  @Post('messages/:message_id/retry')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Retry a failed reply',
    description:
      'Nothing is charged. The owner’s present plan decides on the model, as for a new message: a model that the plan no longer has is ' +
      'replaced. A reply that has not failed, is retried already, or came from an import or a copy is refused.',
  })
  @ApiAcceptedResponse({ type: MessageRecordResponse })
  @ApiProblems(NotAReplyError, ReplyNotRetryableError)
  async retryReply(@CurrentAdministrator() by: Administrator, @Param('message_id', IdPipe) id: string): Promise<MessageRecordResponse> {
    return toMessageRecordResponse(await this.conversations.retryReply(by, { id }));
  }
}
