import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { AppErrorClass } from '../../common/errors/app-error.js';
import {
  BadRequestError,
  ForbiddenError,
  InternalError,
  MalformedJsonError,
  NotFoundError,
  PayloadTooLargeError,
  ServiceUnavailableError,
  UnsupportedMediaTypeError,
  ValidationFailedError,
} from '../../common/errors/common.errors.js';
import { describeProblem, type DocumentedProblem, PROBLEMS_EXTENSION } from '../../common/http/api-problems.decorator.js';
import { ACCESS_EXTENSION, type AccessDemand, PUBLIC_EXTENSION } from '../../common/http/current-actor.decorator.js';
import { PROBLEM_MEDIA_TYPE } from '../../common/http/problem.js';
import { AUTHENTICATION_ERRORS, MobileNumberUnverifiedError } from '../../modules/auth/index.js';

const DEMAND_ERRORS: Readonly<Record<AccessDemand, AppErrorClass>> = {
  admin: ForbiddenError,
  verified_number: MobileNumberUnverifiedError,
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const DESCRIPTION = `Accounts, chatrooms, and messages that Gemini answers asynchronously.

Sign up, log in, and give the access token to **Authorize**. Errors are problem documents (RFC 9457) whose \`code\` is stable.`;

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & Record<string, unknown>;

/** The OpenAPI document: the controllers' own words, plus the errors and the authorisation that follow from the shape of each route. */
export function createOpenApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Gemini chat backend')
    .setDescription(DESCRIPTION)
    .setVersion('1.0')
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory: (_controller, method) => method });
  const codes = new Set<string>();
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method] as Operation | undefined;
      if (operation) documentOperation(operation).forEach((code) => codes.add(code));
    }
  }
  document.components = { ...document.components, schemas: { ...document.components?.schemas, Problem: problemSchema([...codes].sort()) } };
  return document;
}

function documentOperation(operation: Operation): string[] {
  const own = (operation[PROBLEMS_EXTENSION] as DocumentedProblem[] | undefined) ?? [];
  const isPublic = operation[PUBLIC_EXTENSION] === true;
  const demand = operation[ACCESS_EXTENSION] as AccessDemand | undefined;
  const parameters = operation.parameters ?? [];
  const has = (where: string) => parameters.some((parameter) => 'in' in parameter && parameter.in === where);
  const problems = [
    ...own,
    ...(isPublic ? [] : AUTHENTICATION_ERRORS.map(describeProblem)),
    ...(demand === undefined ? [] : [describeProblem(DEMAND_ERRORS[demand])]),
    ...(operation.requestBody
      ? [ValidationFailedError, MalformedJsonError, PayloadTooLargeError, UnsupportedMediaTypeError].map(describeProblem)
      : []),
    ...(has('query') || has('header') ? [describeProblem(ValidationFailedError)] : []),
    ...(has('path') ? [describeProblem(NotFoundError)] : []),
    ...[BadRequestError, InternalError, ServiceUnavailableError].map(describeProblem),
  ];
  operation.security = isPublic ? [] : [{ bearer: [] }];
  const byCode = new Map(problems.map((problem) => [problem.code, problem]));
  for (const status of [...new Set(problems.map((problem) => problem.status))].sort((a, b) => a - b)) {
    const sorts = [...byCode.values()].filter((problem) => problem.status === status);
    operation.responses[String(status)] = {
      description: sorts.map(({ code, title }) => `\`${code}\`: ${title}`).join('\n\n'),
      content: {
        [PROBLEM_MEDIA_TYPE]: {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(
            sorts.map(({ code, title }) => [code, { value: { ...example, type: `urn:problem-type:${code}`, title, status, code } }]),
          ),
        },
      },
    };
  }
  Reflect.deleteProperty(operation, PROBLEMS_EXTENSION);
  Reflect.deleteProperty(operation, PUBLIC_EXTENSION);
  Reflect.deleteProperty(operation, ACCESS_EXTENSION);
  return problems.map(({ code }) => code);
}

const example = { detail: 'A sentence on this occurrence.', request_id: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' };

const problemSchema = (codes: string[]) => ({
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: { type: 'string', example: 'urn:problem-type:not_found' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: codes },
    request_id: { type: 'string' },
    retry_after: { type: 'integer', description: 'Seconds, as in Retry-After.' },
    errors: {
      type: 'array',
      items: { type: 'object', required: ['field', 'message'], properties: { field: { type: 'string' }, message: { type: 'string' } } },
    },
  },
});
