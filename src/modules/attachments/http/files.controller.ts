import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../../../common/http/current-actor.decorator.js';
import { LinksService } from '../links.service.js';
import { ApiFile } from './api-file.decorator.js';
import { FileResponder } from './file-responder.js';

@ApiTags('Attachments')
@Controller('file')
export class FilesController {
  constructor(
    private readonly links: LinksService,
    private readonly files: FileResponder,
  ) {}

  @Get(':link')
  @Public()
  @ApiOperation({
    summary: 'Open a link to a file',
    description: 'The file of a link that `POST /attachment/{id}/link` created, for 5 minutes.',
  })
  @ApiParam({
    name: 'link',
    description: 'The last part of the address of a link.',
    schema: { type: 'string', maxLength: 200 },
    example: 'x',
  })
  @ApiFile()
  async openAttachmentLink(@Param('link') link: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.files.send(await this.links.openLink(link), request, reply);
  }
}
