import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import type { Page } from '../../../common/http/page.js';
import type { Administrator } from '../administrator.js';
import { QueuesService } from '../queues.service.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';
import { QueuePage, QueueResponse, RetryJobsRequest, toQueueResponse } from './queue.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/queues')
export class QueuesController {
  constructor(private readonly queues: QueuesService) {}

  @Get()
  @ApiOperation({ summary: 'The queues: how much waits, how long, and what has failed' })
  @ApiOkResponse({ type: QueuePage })
  async listQueues(): Promise<Page<QueueResponse>> {
    return { data: (await this.queues.listQueues()).map(toQueueResponse), next_cursor: null };
  }

  @Post(':name/pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Begin no more jobs of a queue', description: 'In any process. Those that are being worked on are finished.' })
  @ApiParam({ name: 'name', description: 'Of the queue.', example: 'replies' })
  @ApiOkResponse({ type: QueueResponse })
  async pauseQueue(@CurrentAdministrator() by: Administrator, @Param('name') name: string): Promise<QueueResponse> {
    return toQueueResponse(await this.queues.pauseQueue(by, name));
  }

  @Post(':name/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Go on with the jobs of a queue' })
  @ApiParam({ name: 'name', description: 'Of the queue.', example: 'replies' })
  @ApiOkResponse({ type: QueueResponse })
  async resumeQueue(@CurrentAdministrator() by: Administrator, @Param('name') name: string): Promise<QueueResponse> {
    return toQueueResponse(await this.queues.resumeQueue(by, name));
  }

  @Post(':name/retry')
  @HttpCode(200)
  @ApiOperation({ summary: 'Do failed jobs of a queue again' })
  @ApiBody({ type: RetryJobsRequest, required: false })
  @ApiParam({ name: 'name', description: 'Of the queue.', example: 'replies' })
  @ApiOkResponse({ type: QueueResponse })
  async retryJobs(
    @CurrentAdministrator() by: Administrator,
    @Param('name') name: string,
    @Body() body: RetryJobsRequest,
  ): Promise<QueueResponse> {
    return toQueueResponse(await this.queues.retryJobs(by, name, body.job_id));
  }
}
