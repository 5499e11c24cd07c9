import { Body, Controller, Get, Param, Post, Query, type RawBodyRequest, Req, StreamableFile } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor, VerifiedNumberOnly } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { ChatroomResponse, toChatroomResponse } from '../../chatrooms/index.js';
import { StorageFullError, TooManyChatroomsError } from '../../subscriptions/index.js';
import { documentSchema } from '../move/chatroom-document.js';
import { MovesService } from '../move/moves.service.js';
import { CopyChatroomRequest, ExportChatroomQuery } from './moves.request.js';

const IMPORT_LIMIT = 20 * 1024 * 1024;

const FILES = {
  json: { type: 'application/json', extension: 'json' },
  markdown: { type: 'text/markdown; charset=utf-8', extension: 'md' },
} as const;

@ApiTags('Chatrooms')
@Controller('chatroom')
export class MovesController {
  constructor(private readonly moves: MovesService) {}

  @Get(':chatroom_id/export')
  @ApiOperation({
    summary: 'Export a chatroom',
    description:
      'As JSON with every branch, to be imported again; as Markdown the active branch. A reply that is not finished is exported as a cancelled one.',
  })
  @ApiOkResponse({
    content: { 'application/json': { schema: documentSchema }, 'text/markdown': { schema: { type: 'string' } } },
  })
  async exportChatroom(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) id: string,
    @Query() { format = 'json' }: ExportChatroomQuery,
  ): Promise<StreamableFile> {
    const { type, extension } = FILES[format];
    return new StreamableFile(await this.moves.exportChatroom(actor, id, format), {
      type,
      disposition: `attachment; filename="chatroom-${id}.${extension}"`,
    });
  }

  @Post('import')
  @VerifiedNumberOnly()
  @RouteConfig({ bodyLimit: IMPORT_LIMIT, readsBody: true })
  @ApiOperation({
    summary: 'Import a chatroom',
    description:
      'The JSON of an export, up to 20 MiB, becomes a chatroom with all branches and times, under new ids. Times ahead of now are taken as now. ' +
      'A reply has at most 100,000 code points; texts of the user follow the rules for what is sent. It costs no message and counts as no usage; ' +
      'its texts count as storage.',
  })
  @ApiBody({ schema: documentSchema })
  @ApiCreatedResponse({ type: ChatroomResponse })
  @ApiProblems(TooManyChatroomsError, StorageFullError)
  async importChatroom(@CurrentActor() actor: Actor, @Req() { rawBody }: RawBodyRequest<FastifyRequest>): Promise<ChatroomResponse> {
    const { room, model } = await this.moves.importChatroom(actor, rawBody ?? Buffer.alloc(0));
    return toChatroomResponse(room, model);
  }

  @Post(':chatroom_id/copy')
  @VerifiedNumberOnly()
  @ApiOperation({
    summary: 'Copy a chatroom up to a message',
    description: 'The branch that ends with the message, in a room of its own. Its texts count as storage.',
  })
  @ApiCreatedResponse({ type: ChatroomResponse })
  @ApiProblems(TooManyChatroomsError, StorageFullError)
  async copyChatroom(
    @CurrentActor() actor: Actor,
    @Param('chatroom_id', IdPipe) id: string,
    @Body() { message_id: messageId }: CopyChatroomRequest,
  ): Promise<ChatroomResponse> {
    const { room, model } = await this.moves.copyChatroom(actor, id, messageId);
    return toChatroomResponse(room, model);
  }
}
