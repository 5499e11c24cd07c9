import { Controller, Get, Query, type StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import type { Page } from '../../../common/http/page.js';
import type { Administrator } from '../administrator.js';
import { AuditLogService } from '../audit-log.service.js';
import { CsvExportsService } from '../csv-exports.service.js';
import { AuditFilterQuery, auditPage, ListAuditLogQuery, toAuditFilter } from './audit-log.request.js';
import { AuditEntryPage, type AuditEntryResponse, toAuditEntryPage } from './audit-log.response.js';
import { ApiCsv, toCsvFile } from './csv-file.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/audit-log')
export class AdminAuditLogController {
  constructor(
    private readonly auditLog: AuditLogService,
    private readonly exports: CsvExportsService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List the actions of administrators, newest first', description: 'Entries are never changed.' })
  @ApiOkResponse({ type: AuditEntryPage })
  async listAuditLog(@Query() query: ListAuditLogQuery): Promise<Page<AuditEntryResponse>> {
    return toAuditEntryPage(await this.auditLog.list(toAuditFilter(query), auditPage(query)), query);
  }

  @Get('export')
  @ApiOperation({
    summary: 'Export all entries that match the filters as CSV',
    description: 'One row for each change, newest first, with the filters of the list.',
  })
  @ApiCsv('entries')
  async exportAuditLog(@CurrentAdministrator() by: Administrator, @Query() query: AuditFilterQuery): Promise<StreamableFile> {
    return toCsvFile('audit-log', await this.exports.exportAuditLog(by, toAuditFilter(query)));
  }
}
