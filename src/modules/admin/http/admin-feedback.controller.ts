import { Controller, Get, Query, type StreamableFile } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import type { Administrator } from '../administrator.js';
import { FeedbackExportService } from '../feedback-export.service.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';
import { FeedbackFilterQuery } from './feedback.request.js';
import { JSON_LINES, RatedReplyLine, toFeedbackFile, toRatedReplyLine } from './feedback.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/feedback')
export class AdminFeedbackController {
  constructor(private readonly feedback: FeedbackExportService) {}

  @Get('export')
  @ApiOperation({
    summary: 'Export rated replies for an evaluation, as JSON Lines',
    description:
      'One line for each rated reply, newest first, with the message that it answers. The service may refuse it (403, ADMIN_READS_CONTENT); ' +
      'the audit log records it. Counts by day and model are in GET /admin/stats, and GET /admin/messages filters by rating.',
  })
  @ApiExtraModels(RatedReplyLine)
  @ApiOkResponse({ description: 'One such object a line.', content: { [JSON_LINES]: { schema: { $ref: getSchemaPath(RatedReplyLine) } } } })
  async exportFeedback(@CurrentAdministrator() by: Administrator, @Query() query: FeedbackFilterQuery): Promise<StreamableFile> {
    return toFeedbackFile(await this.feedback.exportFeedback(by, query, toRatedReplyLine));
  }
}
