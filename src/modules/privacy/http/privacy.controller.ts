import { Body, Controller, Delete, Get, HttpCode, StreamableFile } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiRequestExample } from '../../../common/http/request-example.decorator.js';
import type { Actor } from '../../../common/actor.js';
import type { Client } from '../../../common/client.js';
import { RateLimitedError } from '../../../common/errors/common.errors.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { ThrottledAsPayment } from '../../../common/http/throttle.decorator.js';
import { RequestClient } from '../../../common/http/request-client.decorator.js';
import { BillingUnavailableError, PaymentProviderRefusedError } from '../../../integrations/stripe/index.js';
import { InvalidOtpError } from '../../auth/index.js';
import { InvalidCredentialsError, LastAdministratorError } from '../../users/index.js';
import { ErasureService } from '../erasure.service.js';
import { ExportService } from '../export.service.js';
import { EraseMeRequest, toErasureProof } from './erase-me.request.js';

@ApiTags('Users')
@Controller('user/me')
export class PrivacyController {
  constructor(
    private readonly erasure: ErasureService,
    private readonly exports: ExportService,
  ) {}

  @Get('export')
  @ThrottledAsPayment()
  @ApiOperation({
    summary: 'Export everything that is stored about the user as one JSON document',
    description: 'The document is streamed. It has the account, sessions, chatrooms with all messages, usage, subscriptions and invoices.',
  })
  @ApiOkResponse({ content: { 'application/json': { schema: { type: 'object', additionalProperties: true } } } })
  @ApiProblems(BillingUnavailableError, PaymentProviderRefusedError)
  async exportMe(@CurrentActor() actor: Actor): Promise<StreamableFile> {
    return new StreamableFile(await this.exports.exportMe(actor), {
      type: 'application/json',
      disposition: 'attachment; filename="account.json"',
    });
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Erase the account',
    description:
      'Deletes the account with its sessions, chatrooms, messages and usage, immediately and permanently. Records of payments at the ' +
      'payment provider are kept as the law requires, and so is the id of the account in logs, which says nothing about the person.',
  })
  @ApiNoContentResponse()
  @ApiProblems(InvalidCredentialsError, InvalidOtpError, LastAdministratorError, RateLimitedError)
  @ApiRequestExample({ password: 'a long and plain sentence' })
  async eraseMe(@CurrentActor() actor: Actor, @Body() body: EraseMeRequest, @RequestClient() client: Client): Promise<void> {
    await this.erasure.eraseMe(actor, toErasureProof(body), client);
  }
}
