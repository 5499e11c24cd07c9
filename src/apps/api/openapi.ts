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
import { REQUEST_EXAMPLE_EXTENSION } from '../../common/http/request-example.decorator.js';
import { ACCESS_EXTENSION, type RequiredAccess, PUBLIC_EXTENSION } from '../../common/http/current-actor.decorator.js';
import type { Problem } from '../../common/http/problem.js';
import { UNTHROTTLED_EXTENSION } from '../../common/http/throttle.decorator.js';
import { AUTHENTICATION_ERRORS, MobileNumberUnverifiedError } from '../../modules/auth/index.js';
import { DOCUMENT_SCHEMAS, STREAM_SCHEMAS } from '../../modules/messages/index.js';
import { completeSchemas } from './openapi-schemas.js';
import { shareParameters } from './openapi-parameters.js';
import { ProblemResponses } from './openapi-problems.js';

const ACCESS_ERRORS: Readonly<Record<RequiredAccess, AppErrorClass>> = {
  admin: ForbiddenError,
  verified_number: MobileNumberUnverifiedError,
};

/** Errors that are answered before a route is known. */
const ERRORS_OF_ANY_ROUTE = [HeadersTooLargeError, RequestTimeoutError, RangeNotSatisfiableError];

const BODY_ERRORS = [
  ValidationFailedError,
  MalformedJsonError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
  RequestTimeoutError,
  TooMuchInFlightError,
];

const PROBLEM_GROUPS = [
  { name: 'Unauthenticated', errors: AUTHENTICATION_ERRORS },
  { name: 'Throttled', errors: [RateLimitedError, TooMuchInFlightError] },
  { name: 'InvalidBody', errors: [ValidationFailedError, MalformedJsonError, BadRequestError] },
  { name: 'InvalidParameter', errors: [ValidationFailedError, BadRequestError] },
];

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const DESCRIPTION = `Accounts, chatrooms, and messages that Gemini answers asynchronously.

**The first conversation.** Use *Execute* at each of these:

1. \`POST /auth/signup\` creates an account. Where codes are delivered in the response, it shows the code as \`otp\`.
2. \`POST /auth/login\` signs in. This page remembers the access token, and sends it with every request from then on.
3. \`POST /chatroom\` creates a chatroom. Copy its \`id\`.
4. \`POST /chatroom/{chatroom_id}/message\` sends a message: 202, with the \`id\` of the reply, which is made in the background.
5. \`GET /chatroom/{chatroom_id}/message/{message_id}\` with \`wait=30\` answers when the reply is finished. For the text as it is
   written, send the message with \`Accept: text/event-stream\`.

Errors are problem documents (RFC 9457), whose \`code\` is stable; each code has a schema of its own. Lists have \`limit\` and
\`cursor\`. Every answer has an \`X-Request-Id\`: the one of the request, if it is valid, or a new one.`;

const TAGS = {
  Auth: 'Accounts, codes, tokens and sessions.',
  Users: 'The signed-in user.',
  Chatrooms: 'Chatrooms, and the settings of their conversations.',
  Messages: 'Messages, and the replies of the model.',
  Attachments: 'Files that messages have.',
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

const BEARER =
  'An access token of POST /auth/login: a JWT, signed with HS256, whose algorithm, issuer, audience and lifetime are checked by RFC8725.';

/** The document is served by the server that it describes, and each deployment has its own address. */
const SERVER = { url: '/', description: 'The server of this document: local, staging or production.', 'x-internal': false };

const HEADERS = {
  RetryAfter: { description: 'The number of seconds to wait.', schema: { type: 'integer' }, example: 7 },
  RateLimit: {
    description: 'The requests that remain and the seconds until the count starts over (draft-ietf-httpapi-ratelimit-headers).',
    schema: { type: 'string' },
    example: '"user";r=998;t=10',
  },
  RateLimitPolicy: {
    description: 'The policy that counts this request: requests (`q`) in a window of seconds (`w`).',
    schema: { type: 'string' },
    example: '"user";q=1000;w=10',
  },
};

const RATE_LIMIT_HEADERS = {
  RateLimit: { $ref: '#/components/headers/RateLimit' },
  'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' },
};

/** What our decorators leave in an operation; it is not for readers. */
const EXTENSIONS = [PROBLEMS_EXTENSION, PUBLIC_EXTENSION, ACCESS_EXTENSION, UNTHROTTLED_EXTENSION, REQUEST_EXAMPLE_EXTENSION];

interface BodySchema {
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly example?: unknown }>>;
}

interface BodyContent {
  readonly schema: BodySchema;
  example?: unknown;
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & Record<string, unknown>;

/** Creates the OpenAPI document from the decorators, with the errors and the authorisation that each route implies. */
export function createOpenApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Gemini chat backend')
    .setDescription(DESCRIPTION)
    .setVersion('1.0')
    .setOpenAPIVersion('3.1.0')
    .setLicense('MIT', 'https://spdx.org/licenses/MIT.html')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: BEARER });
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), { operationIdFactory: (_controller, method) => method });
  document.servers = [SERVER];
  document.info.contact = { name: 'The operators of this server' };
  const responses = new ProblemResponses(PROBLEM_GROUPS);
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method] as Operation | undefined;
      if (operation) documentOperation(operation, responses, (document.components?.schemas ?? {}) as Readonly<Record<string, BodySchema>>);
    }
  }
  shareParameters(document);
  const problems = responses.components();
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...DOCUMENT_SCHEMAS, ...STREAM_SCHEMAS, ...problems.schemas },
    responses: problems.responses,
    examples: problems.examples,
    headers: HEADERS,
  } as OpenAPIObject['components'] & object;
  return completeSchemas(document) as OpenAPIObject;
}

/** Completes an operation with what its decorators imply. */
function documentOperation(operation: Operation, responses: ProblemResponses, schemas: Readonly<Record<string, BodySchema>>): void {
  const problems = problemsOf(operation);
  operation.security = operation[PUBLIC_EXTENSION] === true ? [] : [{ bearer: [] }];
  const isThrottled = operation[UNTHROTTLED_EXTENSION] !== true;
  describeBody(operation, schemas);
  for (const extension of EXTENSIONS) Reflect.deleteProperty(operation, extension);
  operation.parameters = (operation.parameters ?? []).map((parameter) =>
    'in' in parameter && parameter.in === 'path' && parameter.name.endsWith('_id') && !parameter.description
      ? { ...parameter, ...ID }
      : parameter,
  );
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!response || !('description' in response)) continue;
    response.description ||= SUCCESS[status] ?? '';
    if (isThrottled) response.headers = { ...response.headers, ...RATE_LIMIT_HEADERS };
  }
  for (const status of [...new Set(problems.map((problem) => problem.status))].sort((a, b) => a - b)) {
    operation.responses[String(status)] = responses.refer(problems.filter((problem) => problem.status === status));
  }
  operation.responses['default'] = responses.refer(ERRORS_OF_ANY_ROUTE.map(describeProblem));
}

/**
 * Gives the body an example that can be sent as it is: the one of the route, or the required fields. Swagger UI would
 * else offer all fields, also those that exclude each other.
 */
function describeBody(operation: Operation, schemas: Readonly<Record<string, BodySchema>>): void {
  const content = (operation.requestBody as { content?: Record<string, BodyContent> } | undefined)?.content?.['application/json'];
  if (!content) return;
  const name = content.schema.$ref?.split('/').pop();
  const { properties = {}, required = [] }: BodySchema = name === undefined ? content.schema : (schemas[name] ?? {});
  const examples = Object.fromEntries(required.map((field) => [field, properties[field]?.example]));
  content.example ??= operation[REQUEST_EXAMPLE_EXTENSION] ?? examples;
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
  return [...new Map([...own, ...implied.map(describeProblem)].map((problem) => [`${problem.status} ${problem.code}`, problem])).values()];
}
