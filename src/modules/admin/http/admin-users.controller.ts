import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query, type StreamableFile } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiRequestExample } from '../../../common/http/request-example.decorator.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import type { Page } from '../../../common/http/page.js';
import { AdministratorUnverifiedError, LastAdministratorError } from '../../users/index.js';
import type { Administrator } from '../administrator.js';
import { AdminUsersService } from '../admin-users.service.js';
import { CsvExportsService } from '../csv-exports.service.js';
import {
  AccountFilterQuery,
  accountPage,
  accountSort,
  ListAccountsQuery,
  toAccountChanges,
  toAccountFilter,
  UpdateAccountRequest,
} from './account.request.js';
import { AccountDetailsResponse, AccountPage, type AccountResponse, toAccountDetailsResponse, toAccountPage } from './account.response.js';
import { ApiCsv, toCsvFile } from './csv-file.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/users')
export class AdminUsersController {
  constructor(
    private readonly users: AdminUsersService,
    private readonly exports: CsvExportsService,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Search, filter and sort the users',
    description: 'The filters combine; a cursor belongs to the filters and the order that it was made with.',
  })
  @ApiOkResponse({ type: AccountPage })
  async listAccounts(@Query() query: ListAccountsQuery): Promise<Page<AccountResponse>> {
    return toAccountPage(await this.users.listAccounts(toAccountFilter(query), accountSort(query), accountPage(query)), query);
  }

  @Get('export')
  @ApiOperation({
    summary: 'Export all users that match the filters as CSV',
    description: 'One row for each user, with the filters of the list. The audit log records the export.',
  })
  @ApiCsv('users')
  async exportAccounts(@CurrentAdministrator() by: Administrator, @Query() query: AccountFilterQuery): Promise<StreamableFile> {
    return toCsvFile('users', await this.exports.exportUsers(by, toAccountFilter(query)));
  }

  @Get(':user_id')
  @ApiOperation({
    summary: 'Get a user with usage, number of chatrooms, subscription and sessions',
    description: 'Everything on the page of one user in the administration.',
  })
  @ApiOkResponse({ type: AccountDetailsResponse })
  async getAccount(@Param('user_id', IdPipe) userId: string): Promise<AccountDetailsResponse> {
    return toAccountDetailsResponse(await this.users.getAccount(userId));
  }

  @Patch(':user_id')
  @ApiOperation({
    summary: 'Change a user’s role, or disable or enable the account',
    description:
      'Ends the sessions and codes of the account, so the change holds from the user’s next request on. The last administrator is never ' +
      'removed, and only accounts with a verified mobile number can become administrators.',
  })
  @ApiOkResponse({ type: AccountDetailsResponse })
  @ApiProblems(AdministratorUnverifiedError, LastAdministratorError)
  @ApiRequestExample({ disabled: false })
  async updateAccount(
    @CurrentAdministrator() by: Administrator,
    @Param('user_id', IdPipe) userId: string,
    @Body() body: UpdateAccountRequest,
  ): Promise<AccountDetailsResponse> {
    return toAccountDetailsResponse(await this.users.updateAccount(by, toAccountChanges(userId, body)));
  }

  @Delete(':user_id/sessions')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Sign a user out everywhere',
    description: 'Ends every session of the user at once; the access tokens of these sessions are refused from then on.',
  })
  @ApiNoContentResponse()
  async endAccountSessions(@CurrentAdministrator() by: Administrator, @Param('user_id', IdPipe) userId: string): Promise<void> {
    await this.users.endSessions(by, { userId });
  }
}
