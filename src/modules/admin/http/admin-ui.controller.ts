import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../../../common/http/current-actor.decorator.js';
import { pageFolder } from '../../../common/http/page-folder.js';
import { StaticFiles } from '../../../common/http/static-files.js';

/**
 * Serves the page of the administration, which `npm run build` makes of `web/`: public static files, which call the
 * routes of the other controllers.
 */
@ApiExcludeController()
@Public()
@Controller('admin/ui')
export class AdminUiController {
  private readonly files = new StaticFiles(new URL('admin/', pageFolder()));

  @Get()
  page(@Req() request: FastifyRequest, @Res() response: FastifyReply): Promise<void> {
    return this.files.send('admin.html', request, response);
  }

  @Get(':file')
  file(@Param('file') name: string, @Req() request: FastifyRequest, @Res() response: FastifyReply): Promise<void> {
    return this.files.send(name, request, response);
  }
}
