import { ApiProperty } from '@nestjs/swagger';
import { REASONING_LEVELS, type ReasoningLevel } from '../../config/models.js';
import type { Capabilities } from './plans.service.js';

export class CapabilitiesResponse {
  @ApiProperty({ description: 'Whether messages may carry files.', example: true })
  readonly attachments!: boolean;

  @ApiProperty({ description: 'Whether replies may search the web.', example: true })
  readonly web_search!: boolean;

  @ApiProperty({
    enum: REASONING_LEVELS,
    isArray: true,
    description: 'The levels of reasoning that may be chosen; empty where none may be.',
    example: ['minimal', 'low'],
  })
  readonly reasoning!: ReasoningLevel[];
}

export const toCapabilitiesResponse = ({ attachments, webSearch, reasoning }: Capabilities): CapabilitiesResponse => ({
  attachments,
  web_search: webSearch,
  reasoning: [...reasoning],
});
