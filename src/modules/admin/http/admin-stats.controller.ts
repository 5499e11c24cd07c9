import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import type { Page } from '../../../common/http/page.js';
import { AdminStatsService } from '../admin-stats.service.js';
import { StatsQuery } from './stats.request.js';
import { StatsResponse, toStatsResponse } from './stats.response.js';
import { toUserCostPage, UserCostPage, type UserCostResponse } from './user-cost.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/stats')
export class AdminStatsController {
  constructor(private readonly stats: AdminStatsService) {}

  @Get()
  @ApiOperation({
    summary: 'Get the statistics of the service',
    description: 'They come from roll-ups, so they are exact and fast at any size.',
  })
  @ApiOkResponse({ type: StatsResponse })
  async getStats(@Query() query: StatsQuery): Promise<StatsResponse> {
    return toStatsResponse(await this.stats.getStats(query));
  }

  @Get('users')
  @ApiOperation({
    summary: 'List the ten users whose replies cost the most',
    description: 'The days of the range count as a whole. Titles and summaries are not counted.',
  })
  @ApiOkResponse({ type: UserCostPage })
  async listUserCosts(@Query() query: StatsQuery): Promise<Page<UserCostResponse>> {
    return toUserCostPage(await this.stats.listUserCosts(query));
  }
}
