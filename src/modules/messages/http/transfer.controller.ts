import type { Readable } from 'node:stream';
import { Body, Controller, Get, Param, Post, Query, type RawBodyRequest, Req, StreamableFile } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { ApiRequestExample } from '../../../common/http/request-example.decorator.js';
import { CurrentActor, VerifiedNumberOnly } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { ChatroomResponse } from '../../chatrooms/index.js';
import { StorageFullError, TooManyChatroomsError } from '../../subscriptions/index.js';
import { type ExportFormat, TransferService } from '../transfer/transfer.service.js';
import { toRoomResponse } from './conversation.response.js';
import { CopyChatroomRequest, ExportChatroomQuery } from './transfer.request.js';

/** In bytes. */
const IMPORT_LIMIT = 20 * 1024 * 1024;

const FILES = {
  json: { type: 'application/json', extension: 'json' },
  markdown: { type: 'text/markdown; charset=utf-8', extension: 'md' },
} as const;

const toFile = (text: Readable, chatroomId: string, format: ExportFormat): StreamableFile =>
  new StreamableFile(text, {
    type: FILES[format].type,
    disposition: `attachment; filename="chatroom-${chatroomId}.${FILES[format].extension}"`,
  });

const AT = '2026-11-22T20:15:03.120Z';

/** A conversation of one question that was taken over from elsewhere. */
const IMPORT_EXAMPLE = {
  format: 'gemini-chat-room',
  version: 1,
  chatroom: { name: 'Trip to Kyoto', system_instruction: null, model: null, archived: false, created_at: AT, active: 1 },
  messages: [{ n: 1, parent: null, role: 'user', content: 'What should I see in Kyoto in two days?', created_at: AT }],
};

const DOCUMENT = { $ref: '#/components/schemas/ChatroomDocument' };

@ApiTags('Chatrooms')
@Controller('chatroom')
export class TransferController {
  constructor(private readonly transfer: TransferService) {}

  @Get(':chatroom_id/export')
  @ApiOperation({
    summary: 'Export a chatroom',
    description:
      'JSON holds every branch and can be imported; Markdown holds the active branch. A reply that is not finished is exported as cancelled.',
  })
  @ApiOkResponse({
    content: { 'application/json': { schema: DOCUMENT }, 'text/markdown': { schema: { type: 'string' } } },
  })
  async exportChatroom(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) id: string,
    @Query() { format = 'json' }: ExportChatroomQuery,
  ): Promise<StreamableFile> {
    return toFile(await this.transfer.exportChatroom(actor, { chatroomId: id, format }), id, format);
  }

  @Post('import')
  @VerifiedNumberOnly()
  @RouteConfig({ bodyLimit: IMPORT_LIMIT, readsBody: true })
  @ApiOperation({
    summary: 'Import a chatroom',
    description:
      'The JSON of an export, up to 20 MiB, becomes a chatroom with all branches and times, under new ids. Times in the future are replaced by ' +
      'the present. A reply has at most 100,000 code points; user messages follow the rules of sending. An import takes no unit of the daily ' +
      'limit and does not count as usage; its texts count as storage.',
  })
  @ApiBody({ schema: DOCUMENT })
  @ApiRequestExample(IMPORT_EXAMPLE)
  @ApiCreatedResponse({ type: ChatroomResponse })
  @ApiProblems(TooManyChatroomsError, StorageFullError)
  async importChatroom(@CurrentActor() actor: Actor, @Req() { rawBody }: RawBodyRequest<FastifyRequest>): Promise<ChatroomResponse> {
    return toRoomResponse(await this.transfer.importChatroom(actor, rawBody ?? Buffer.alloc(0)));
  }

  @Post(':chatroom_id/copy')
  @VerifiedNumberOnly()
  @ApiOperation({
    summary: 'Copy a chatroom up to a message',
    description: 'The branch that ends with the message becomes a new chatroom. Its texts count as storage.',
  })
  @ApiCreatedResponse({ type: ChatroomResponse })
  @ApiProblems(TooManyChatroomsError, StorageFullError)
  async copyChatroom(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) id: string,
    @Body() { message_id: messageId }: CopyChatroomRequest,
  ): Promise<ChatroomResponse> {
    return toRoomResponse(await this.transfer.copyChatroom(actor, { chatroomId: id, messageId }));
  }
}
