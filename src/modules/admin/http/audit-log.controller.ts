import { Controller, Get, Query, type StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import type { Page } from '../../../common/http/page.js';
import type { Administrator } from '../administrator.js';
import { AuditLog } from '../audit-log.js';
import { CsvExportsService } from '../csv-exports.service.js';
import {
  AuditFilterQuery,
  AuditEntryPage,
  type AuditEntryResponse,
  auditPage,
  ListAuditLogQuery,
  toAuditEntryPage,
  toAuditFilter,
} from './audit-log.response.js';
import { ApiCsv, toCsvFile } from './csv-file.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/audit-log')
export class AuditLogController {
  constructor(
    private readonly audit: AuditLog,
    private readonly exports: CsvExportsService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'What administrators did, newest first', description: 'Entries are only ever added.' })
  @ApiOkResponse({ type: AuditEntryPage })
  async listAuditLog(@Query() query: ListAuditLogQuery): Promise<Page<AuditEntryResponse>> {
    return toAuditEntryPage(await this.audit.list(toAuditFilter(query), auditPage(query)), query);
  }

  @Get('export')
  @ApiOperation({ summary: 'The same as CSV, all that the filters let through' })
  @ApiCsv('entries')
  async exportAuditLog(@CurrentAdministrator() by: Administrator, @Query() query: AuditFilterQuery): Promise<StreamableFile> {
    return toCsvFile('audit-log', await this.exports.exportAuditLog(by, toAuditFilter(query)));
  }
}
