import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query, type StreamableFile } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
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
  @ApiOperation({ summary: 'Search, filter and sort the users' })
  @ApiOkResponse({ type: AccountPage })
  async listAccounts(@Query() query: ListAccountsQuery): Promise<Page<AccountResponse>> {
    return toAccountPage(await this.users.listAccounts(toAccountFilter(query), accountSort(query), accountPage(query)), query);
  }

  @Get('export')
  @ApiOperation({ summary: 'Export all users that match the filters as CSV' })
  @ApiCsv('users')
  async exportAccounts(@CurrentAdministrator() by: Administrator, @Query() query: AccountFilterQuery): Promise<StreamableFile> {
    return toCsvFile('users', await this.exports.exportUsers(by, toAccountFilter(query)));
  }

  @Get(':user_id')
  @ApiOperation({ summary: 'Get a user with usage, number of chatrooms, subscription and sessions' })
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
  async updateAccount(
    @CurrentAdministrator() by: Administrator,
    @Param('user_id', IdPipe) userId: string,
    @Body() body: UpdateAccountRequest,
  ): Promise<AccountDetailsResponse> {
    return toAccountDetailsResponse(await this.users.updateAccount(by, toAccountChanges(userId, body)));
  }

  @Delete(':user_id/sessions')
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign a user out everywhere' })
  @ApiNoContentResponse()
  async endAccountSessions(@CurrentAdministrator() by: Administrator, @Param('user_id', IdPipe) userId: string): Promise<void> {
    await this.users.endSessions(by, { userId });
  }
}
