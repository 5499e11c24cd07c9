import { ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { isTimestamp, PageQuery, toPageRequest, type PageRequest } from '../../../common/http/page.js';
import { IsText } from '../../../common/http/text.decorator.js';
import { isId } from '../../../common/ids.js';
import type { AuditFilter } from '../audit-log.repository.js';
import { AUDIT_ACTIONS } from '../audit-log.service.js';
import { IsFilterId, IsFilterName, IsFilterWord, IsMoment } from './filter.fields.js';

export class AuditFilterQuery {
  @IsFilterId('Only actions of this administrator.')
  readonly actor_id?: string;

  @IsFilterName('Only actions of the administrator with this name.')
  readonly actor_username?: string;

  @IsFilterWord(Object.keys(AUDIT_ACTIONS))
  readonly action?: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 200,
    description: 'Only actions on this target: the id of a user, message or event, or the name of a queue.',
  })
  @IsOptional()
  @IsText({ max: 200 })
  readonly target_id?: string;

  @IsFilterName('Only actions on the user with this name.')
  readonly target_username?: string;

  @IsMoment('Only actions at this time or later.')
  readonly from?: Date;

  @IsMoment('Only actions before this time.')
  readonly to?: Date;
}

export class ListAuditLogQuery extends IntersectionType(PageQuery, AuditFilterQuery) {}

export const toAuditFilter = ({
  actor_id,
  actor_username,
  action,
  target_id,
  target_username,
  from,
  to,
}: AuditFilterQuery): AuditFilter => ({
  actorId: actor_id,
  actorUsername: actor_username,
  action,
  targetId: target_id,
  targetUsername: target_username,
  from,
  to,
});

/** @throws ValidationFailedError */
export const auditPage = (query: ListAuditLogQuery): PageRequest => toPageRequest(query, [isTimestamp, isId]);
