import { ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, ValidateIf } from 'class-validator';
import type { Plan, Role } from '../../../common/actor.js';
import { isTimestamp, PageQuery, toPageRequest, type PageRequest } from '../../../common/http/page.js';
import { IsText } from '../../../common/http/text.decorator.js';
import { isId } from '../../../common/ids.js';
import { USERNAME_PATTERN } from '../../users/index.js';
import { ACCOUNT_SORTS, type AccountFilter, type AccountSort, isByUsername } from '../admin-users.repository.js';
import { IsFilterWord } from './filter.fields.js';

export class AccountFilterQuery {
  @ApiPropertyOptional({ description: 'Part of a username, mobile number or e-mail address, or a whole id.', minLength: 1, maxLength: 200 })
  @IsOptional()
  @IsText({ max: 200 })
  readonly q?: string;

  @IsFilterWord(['user', 'admin'])
  readonly role?: Role;

  @IsFilterWord(['true', 'false'], 'Whether an administrator has disabled the account.')
  readonly disabled?: 'true' | 'false';

  @IsFilterWord(['true', 'false'], 'Whether the mobile number is verified.')
  readonly verified?: 'true' | 'false';

  @IsFilterWord(['basic', 'pro'], 'The present plan.')
  readonly plan?: Plan;
}

export class ListAccountsQuery extends IntersectionType(PageQuery, AccountFilterQuery) {
  @ApiPropertyOptional({ enum: ACCOUNT_SORTS, default: '-created_at', description: 'A minus sorts in descending order.' })
  @IsOptional()
  @IsIn(ACCOUNT_SORTS, { message: `sort must be one of ${ACCOUNT_SORTS.join(', ')}` })
  readonly sort?: AccountSort;
}

export class UpdateAccountRequest {
  @ApiPropertyOptional({ enum: ['user', 'admin'], example: 'user' })
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(['user', 'admin'], { message: 'role must be user or admin' })
  readonly role?: Role;

  @ApiPropertyOptional({
    example: true,
    description: 'A disabled account is refused from its next request on. Its user has to sign in again when it is enabled.',
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean({ message: 'disabled must be true or false' })
  readonly disabled?: boolean;
}

export const toAccountFilter = ({ q, role, disabled, verified, plan }: AccountFilterQuery): AccountFilter => ({
  q,
  role,
  disabled,
  verified,
  plan,
});

export const accountSort = ({ sort }: ListAccountsQuery): AccountSort => sort ?? '-created_at';

/** @throws ValidationFailedError */
export const accountPage = (query: ListAccountsQuery): PageRequest =>
  toPageRequest(query, isByUsername(accountSort(query)) ? [(part) => USERNAME_PATTERN.test(part)] : [isTimestamp, isId]);

export const toAccountChanges = (userId: string, { role, disabled }: UpdateAccountRequest) => ({
  userId,
  ...(role === undefined ? {} : { role }),
  ...(disabled === undefined ? {} : { isDisabled: disabled }),
});
