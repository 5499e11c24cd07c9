import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import type { Page } from '../../../common/http/page.js';
import type { Administrator } from '../administrator.js';
import { AdminQueuesService } from '../admin-queues.service.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';
import { RetryJobsRequest } from './queue.request.js';
import { QueuePage, QueueResponse, toQueuePage, toQueueResponse } from './queue.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/queues')
export class AdminQueuesController {
  constructor(private readonly queues: AdminQueuesService) {}

  @Get()
  @ApiOperation({
    summary: 'List the queues with their waiting and failed jobs',
    description: 'The newest failed jobs are listed with their errors.',
  })
  @ApiOkResponse({ type: QueuePage })
  async listQueues(): Promise<Page<QueueResponse>> {
    return toQueuePage(await this.queues.listQueues());
  }

  @Post(':name/pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Pause a queue', description: 'No worker starts another job of it. Active jobs are finished.' })
  @ApiParam({ name: 'name', description: 'Name of the queue.', schema: { type: 'string', maxLength: 64 }, example: 'replies' })
  @ApiOkResponse({ type: QueueResponse })
  async pauseQueue(@CurrentAdministrator() by: Administrator, @Param('name') name: string): Promise<QueueResponse> {
    return toQueueResponse(await this.queues.pauseQueue(by, { name }));
  }

  @Post(':name/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Resume a queue', description: 'Workers take its jobs again, the oldest first.' })
  @ApiParam({ name: 'name', description: 'Name of the queue.', schema: { type: 'string', maxLength: 64 }, example: 'replies' })
  @ApiOkResponse({ type: QueueResponse })
  async resumeQueue(@CurrentAdministrator() by: Administrator, @Param('name') name: string): Promise<QueueResponse> {
    return toQueueResponse(await this.queues.resumeQueue(by, { name }));
  }

  @Post(':name/retry')
  @HttpCode(200)
  @ApiOperation({ summary: 'Retry failed jobs of a queue', description: 'With `job_id` only that job; otherwise all failed jobs.' })
  @ApiBody({ type: RetryJobsRequest, required: false })
  @ApiParam({ name: 'name', description: 'Name of the queue.', schema: { type: 'string', maxLength: 64 }, example: 'replies' })
  @ApiOkResponse({ type: QueueResponse })
  async retryJobs(
    @CurrentAdministrator() by: Administrator,
    @Param('name') name: string,
    @Body() body: RetryJobsRequest,
  ): Promise<QueueResponse> {
    return toQueueResponse(await this.queues.retryJobs(by, { name, jobId: body.job_id }));
  }
}
