import { Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor, VerifiedNumberOnly } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { StorageFullError } from '../../subscriptions/index.js';
import { AttachmentInUseError } from '../attachments.errors.js';
import { AttachmentsService } from '../attachments.service.js';
import { LinkAddresses } from '../link-addresses.js';
import { LinksService } from '../links.service.js';
import { AttachmentLinkResponse, AttachmentResponse, toAttachmentResponse } from '../attachment.response.js';
import { ApiFile } from './api-file.decorator.js';
import { FileReceiver } from './file-receiver.js';
import { FileResponder } from './file-responder.js';

@ApiTags('Attachments')
@Controller('attachment')
export class AttachmentsController {
  constructor(
    private readonly attachments: AttachmentsService,
    private readonly links: LinksService,
    private readonly addresses: LinkAddresses,
    private readonly receiver: FileReceiver,
    private readonly files: FileResponder,
  ) {}

  @Post()
  @VerifiedNumberOnly()
  @RouteConfig({ streamsBody: true })
  @ApiOperation({
    summary: 'Upload a file',
    description:
      'PNG, JPEG, WEBP, HEIC, PDF, or UTF-8 text of any kind; the bytes decide, not the name. Send the id with a message in `attachment_ids`. ' +
      'A file that no message took within 24 hours is deleted.',
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: { type: 'object', required: ['file'], properties: { file: { type: 'string', format: 'binary', maxLength: 20 * 1024 * 1024 } } },
  })
  @ApiCreatedResponse({ type: AttachmentResponse })
  @ApiProblems(StorageFullError)
  async uploadAttachment(@CurrentActor() actor: Actor, @Req() request: FastifyRequest): Promise<AttachmentResponse> {
    return toAttachmentResponse(await this.receiver.receive(actor, request));
  }

  @Get(':attachment_id')
  @ApiOperation({
    summary: 'Download a file',
    description: 'The bytes as they were uploaded. Pictures are shown inline, other files are saved.',
  })
  @ApiFile()
  async downloadAttachment(
    @CurrentActor() actor: Actor,
    @Param('attachment_id', IdPipe) id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.files.send(await this.attachments.getAttachment(actor, id), request, reply);
  }

  @Post(':attachment_id/link')
  @ApiOperation({
    summary: 'Create a link to a file',
    description: 'For `<img>` and downloads, which send no token. It opens this file alone, for 5 minutes, until the file is deleted.',
  })
  @ApiCreatedResponse({ type: AttachmentLinkResponse })
  async createAttachmentLink(
    @CurrentActor() actor: Actor,
    @Param('attachment_id', IdPipe) id: string,
    @Req() request: FastifyRequest,
  ): Promise<AttachmentLinkResponse> {
    return this.addresses.toResponse(await this.links.createLink(actor, id), request);
  }

  @Delete(':attachment_id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a file', description: 'One that no message has. The others are deleted with their chatrooms.' })
  @ApiProblems(AttachmentInUseError)
  async deleteAttachment(@CurrentActor() actor: Actor, @Param('attachment_id', IdPipe) id: string): Promise<void> {
    await this.attachments.deleteAttachment(actor, id);
  }
}
