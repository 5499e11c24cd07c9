import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import { StatsService } from '../stats.service.js';
import { StatsQuery, StatsResponse, toStatsResponse } from './stats.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/stats')
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  @Get()
  @ApiOperation({ summary: 'The service in figures', description: 'Counted as things happen, so that it is right and quick at any size.' })
  @ApiOkResponse({ type: StatsResponse })
  async getStats(@Query() query: StatsQuery): Promise<StatsResponse> {
    return toStatsResponse(await this.stats.getStats(query));
  }
}
