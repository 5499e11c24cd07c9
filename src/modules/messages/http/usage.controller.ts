import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { UsageService } from '../usage/usage.service.js';
import { UsageQuery } from './usage.request.js';
import { toUsageReport, UsageReport } from './usage.response.js';

@ApiTags('Users')
@Controller('user/me/usage')
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  @Get()
  @ApiOperation({ summary: 'Messages, tokens and estimated cost by day and model', description: 'The report covers finished replies.' })
  @ApiOkResponse({ type: UsageReport })
  async getUsage(@CurrentActor() actor: Actor, @Query() { from, to }: UsageQuery): Promise<UsageReport> {
    return toUsageReport(await this.usage.getUsage(actor, { from, to }));
  }
}
