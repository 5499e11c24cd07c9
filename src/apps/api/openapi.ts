import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { AppErrorClass } from '../../common/errors/app-error.js';
import {
  BadRequestError,
  ForbiddenError,
  HeadersTooLargeError,
  InternalError,
  MalformedJsonError,
  NotFoundError,
  PayloadTooLargeError,
  RangeNotSatisfiableError,
  RateLimitedError,
  RequestTimeoutError,
  ServiceUnavailableError,
  TooMuchInFlightError,
  UnsupportedMediaTypeError,
  ValidationFailedError,
} from '../../common/errors/common.errors.js';
import { describeProblem, PROBLEMS_EXTENSION } from '../../common/http/api-problems.decorator.js';
import { ACCESS_EXTENSION, type RequiredAccess, PUBLIC_EXTENSION } from '../../common/http/current-actor.decorator.js';
import { type Problem, PROBLEM_MEDIA_TYPE } from '../../common/http/problem.js';
import { UNTHROTTLED_EXTENSION } from '../../common/http/throttle.decorator.js';
import { AUTHENTICATION_ERRORS, MobileNumberUnverifiedError } from '../../modules/auth/index.js';
import { withNullTypes } from './openapi-null-types.js';

const ACCESS_ERRORS: Readonly<Record<RequiredAccess, AppErrorClass>> = {
  admin: ForbiddenError,
  verified_number: MobileNumberUnverifiedError,
};

/** Errors that are answered before a route is known, or that no route of this release declares. */
const OTHER_ERRORS = [HeadersTooLargeError, RequestTimeoutError, RangeNotSatisfiableError, ...Object.values(ACCESS_ERRORS)];

const BODY_ERRORS = [
  ValidationFailedError,
  MalformedJsonError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
  RequestTimeoutError,
  TooMuchInFlightError,
];

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const DESCRIPTION = `Accounts, chatrooms, and messages that Gemini answers asynchronously.

Sign up, log in, and give the access token to **Authorize**. Errors are problem documents (RFC 9457) whose \`code\` is stable. Every answer has
an \`X-Request-Id\`: the one of the request, if it is valid, or a new one.`;

const TAGS = {
  Auth: 'Accounts, codes, tokens and sessions.',
  Users: 'The signed-in user.',
  Chatrooms: 'Chatrooms, and the settings of their conversations.',
  Messages: 'Messages, and the replies of the model.',
  Subscription: 'The Pro plan: payment, cancellation and status.',
  Admin: 'For administrators: what happens in the service, and the means to correct it.',
  Service: 'For load balancers and operators.',
};

/** The descriptions of successful answers that have none of their own. */
const SUCCESS: Readonly<Record<string, string>> = {
  200: 'The request succeeded.',
  201: 'The resource was created.',
  202: 'The request was accepted, and continues in the background.',
  204: 'The request succeeded. The answer has no body.',
};

const ID = { schema: { type: 'string', format: 'uuid' }, example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' };

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & Record<string, unknown>;

/** Creates the OpenAPI document from the decorators, with the errors and the authorisation that each route implies. */
export function createOpenApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder().setTitle('Gemini chat backend').setDescription(DESCRIPTION).setVersion('1.0');
  builder.setOpenAPIVersion('3.1.0').addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An access token of POST /auth/login.' });
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), { operationIdFactory: (_controller, method) => method });
  const problems = new Map(OTHER_ERRORS.map(describeProblem).map((problem) => [problem.code, problem]));
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method] as Operation | undefined;
      if (operation) documentOperation(operation, problems);
    }
  }
  const codes = [...problems.keys()].sort();
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: problemSchema(codes) },
    examples: Object.fromEntries(codes.map((code) => [code, { value: problems.get(code) }])),
    headers: { RetryAfter: { description: 'The number of seconds to wait.', schema: { type: 'integer' }, example: 7 } },
  };
  return withNullTypes(document) as OpenAPIObject;
}

/** Completes an operation. @param known the first problem of each code, to which new ones are added */
function documentOperation(operation: Operation, known: Map<string, Problem>): void {
  const problems = problemsOf(operation);
  for (const problem of problems) if (!known.has(problem.code)) known.set(problem.code, problem);
  operation.security = operation[PUBLIC_EXTENSION] === true ? [] : [{ bearer: [] }];
  for (const extension of [PROBLEMS_EXTENSION, PUBLIC_EXTENSION, ACCESS_EXTENSION, UNTHROTTLED_EXTENSION])
    Reflect.deleteProperty(operation, extension);
  operation.parameters = (operation.parameters ?? []).map((parameter) =>
    'in' in parameter && parameter.in === 'path' && parameter.name.endsWith('_id') && !parameter.description
      ? { ...parameter, ...ID }
      : parameter,
  );
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response && 'description' in response) response.description ||= SUCCESS[status] ?? '';
  }
  for (const status of [...new Set(problems.map((problem) => problem.status))].sort((a, b) => a - b)) {
    const those = problems.filter((problem) => problem.status === status);
    operation.responses[String(status)] = problemResponse(those, known);
  }
}

function problemsOf(operation: Operation): readonly Problem[] {
  const own = (operation[PROBLEMS_EXTENSION] as Problem[] | undefined) ?? [];
  const requirement = operation[ACCESS_EXTENSION] as RequiredAccess | undefined;
  const has = (where: string) => operation.parameters?.some((parameter) => 'in' in parameter && parameter.in === where) ?? false;
  const implied = [
    ...(operation[PUBLIC_EXTENSION] === true ? [] : AUTHENTICATION_ERRORS),
    ...(requirement === undefined ? [] : [ACCESS_ERRORS[requirement]]),
    ...(operation[UNTHROTTLED_EXTENSION] === true ? [] : [RateLimitedError, TooMuchInFlightError]),
    ...(operation.requestBody ? BODY_ERRORS : []),
    ...(has('query') || has('header') ? [ValidationFailedError] : []),
    ...(has('path') ? [NotFoundError] : []),
    ...[BadRequestError, InternalError, ServiceUnavailableError],
  ];
  return [...new Map([...own, ...implied.map(describeProblem)].map((problem) => [problem.code, problem])).values()];
}

const problemResponse = (problems: readonly Problem[], known: ReadonlyMap<string, Problem>) => ({
  description: problems.map(({ code, title }) => `\`${code}\`: ${title}`).join('\n\n'),
  ...(problems.some((problem) => 'retry_after' in problem)
    ? { headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } }
    : {}),
  content: {
    [PROBLEM_MEDIA_TYPE]: {
      schema: { $ref: '#/components/schemas/Problem' },
      // A code may have two statuses: one for a mistake of the caller, and one for the state of something else.
      examples: Object.fromEntries(
        problems.map((problem) => {
          const { code, status } = problem;
          return [code, known.get(code)?.status === status ? { $ref: `#/components/examples/${code}` } : { value: problem }];
        }),
      ),
    },
  },
});

const problemSchema = (codes: string[]) => ({
  type: 'object',
  description: 'A problem document (RFC 9457). Some codes add members; see their examples.',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: { type: 'string', example: 'urn:problem-type:not_found' },
    title: { type: 'string', example: 'Not found' },
    status: { type: 'integer', example: 404 },
    detail: { type: 'string', description: 'An explanation for the developer of a client.', example: 'There is no such resource.' },
    code: { type: 'string', enum: codes, description: 'The stable code of the error.', example: 'not_found' },
    request_id: {
      type: 'string',
      description: 'The id of the request, which is also in `X-Request-Id` and in the log.',
      example: ID.example,
    },
    retry_after: { type: 'integer', description: 'The number of seconds to wait, as in `Retry-After`.', example: 7 },
    errors: {
      type: 'array',
      description: 'The fields that are invalid, each with the reason.',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: {
          field: { type: 'string', example: 'name' },
          message: { type: 'string', example: 'name must be text of 1 to 200 characters' },
        },
      },
    },
  },
});
