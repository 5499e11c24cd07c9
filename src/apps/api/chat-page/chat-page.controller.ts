import { existsSync } from 'node:fs';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../../../common/http/current-actor.decorator.js';
import { pageFolder } from '../../../common/http/page-folder.js';
import { StaticFiles } from '../../../common/http/static-files.js';

/** Serves the chat page, which `npm run build` makes of `web/`. It uses the public routes only. */
@ApiExcludeController()
@Public()
@Controller()
export class ChatPageController {
  private readonly page: StaticFiles;
  private readonly assets: StaticFiles;

  constructor() {
    const folder = pageFolder();
    if (!existsSync(folder)) throw new Error('CHAT_UI_ENABLED: there is no chat page in web/dist. `npm run build` builds it.');
    this.page = new StaticFiles(folder);
    this.assets = new StaticFiles(new URL('assets/', folder));
  }

  @Get()
  showPage(@Req() request: FastifyRequest, @Res() response: FastifyReply): Promise<void> {
    return this.page.send('index.html', request, response);
  }

  @Get('assets/:file')
  getAsset(@Param('file') name: string, @Req() request: FastifyRequest, @Res() response: FastifyReply): Promise<void> {
    return this.assets.send(name, request, response);
  }
}
