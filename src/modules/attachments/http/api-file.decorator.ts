import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import { RangeNotSatisfiableError } from '../../../common/errors/common.errors.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';

const CONTENT = { '*/*': { schema: { type: 'string', format: 'binary' } } } as const;

/** Documents a route that answers the bytes of a file. */
export const ApiFile = () =>
  applyDecorators(
    ApiHeader({ name: 'Range', required: false, schema: { type: 'string', maxLength: 100 }, description: 'One range of bytes.' }),
    ApiOkResponse({ description: 'The bytes of the file.', content: CONTENT }),
    ApiResponse({ status: 206, description: 'The range of the file.', content: CONTENT }),
    ApiResponse({ status: 304, description: 'The client has the file: `If-None-Match` names its `ETag`.' }),
    ApiProblems(RangeNotSatisfiableError),
  );
