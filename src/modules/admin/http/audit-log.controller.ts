import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import type { Page } from '../../../common/http/page.js';
import { AuditLog } from '../audit-log.js';
import {
  AuditEntryPage,
  type AuditEntryResponse,
  auditPage,
  ListAuditLogQuery,
  toAuditEntryPage,
  toAuditFilter,
} from './audit-log.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/audit-log')
export class AuditLogController {
  constructor(private readonly audit: AuditLog) {}

  @Get()
  @ApiOperation({ summary: 'What administrators did, newest first', description: 'Entries are only ever added.' })
  @ApiOkResponse({ type: AuditEntryPage })
  async listAuditLog(@Query() query: ListAuditLogQuery): Promise<Page<AuditEntryResponse>> {
    return toAuditEntryPage(await this.audit.list(toAuditFilter(query), auditPage(query)), query);
  }
}
