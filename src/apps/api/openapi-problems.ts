import type { AppErrorClass } from '../../common/errors/app-error.js';
import { type Problem, PROBLEM_MEDIA_TYPE } from '../../common/http/problem.js';

type Json = Readonly<Record<string, unknown>>;

/** Errors that many routes share; one name stands for all of them in the names of responses. */
export interface ProblemGroup {
  readonly name: string;
  readonly errors: readonly AppErrorClass[];
}

const COUNT = { type: 'integer', minimum: 0 };

/** The schemas of the members that some codes add to a problem document. */
const MEMBERS: Readonly<Record<string, Json>> = {
  retry_after: { ...COUNT, description: 'The number of seconds to wait, as in `Retry-After`.' },
  limit: { ...COUNT, description: 'The limit that was reached.' },
  field: { type: 'string', description: 'The field of the request whose value is refused.' },
  used: { ...COUNT, description: 'The number of messages of this day that count.' },
  resets_at: { type: 'string', format: 'date-time', description: 'The next midnight UTC, when the count starts over.' },
  currency: { type: 'string', description: 'The currency in which the user has paid before (ISO 4217, in lower case).' },
  challenge_id: { type: 'string', format: 'uuid', description: 'The code that was sent. Send it back at POST /auth/verify-otp.' },
  expires_in: { ...COUNT, description: 'The number of seconds for which the code is valid.' },
  resend_after: { ...COUNT, description: 'The number of seconds before another code may be sent.' },
  reason: { type: 'string', enum: ['draining', 'dependency'], description: 'Why the process accepts no requests.' },
  checks: { type: 'object', additionalProperties: { type: 'string' }, description: 'What the process depends on, each with its state.' },
  errors: {
    type: 'array',
    description: 'The fields that are invalid, each with the reason.',
    items: {
      type: 'object',
      required: ['field', 'message'],
      properties: { field: { type: 'string' }, message: { type: 'string' } },
    },
  },
};

const STANDARD_MEMBERS: ReadonlySet<string> = new Set(['type', 'title', 'status', 'detail', 'code', 'request_id']);

/**
 * The error responses of a document, each written once. A response is named after its codes, so that generated clients
 * have names that people can read.
 */
export class ProblemResponses {
  /** The first problem of each code. */
  private readonly problems = new Map<string, Problem>();
  private readonly responses = new Map<string, Json>();

  constructor(private readonly groups: readonly ProblemGroup[]) {}

  /** @returns a reference to the response with these problems, which all have one status */
  refer(problems: readonly Problem[]): { readonly $ref: string } {
    for (const problem of problems) if (!this.problems.has(problem.code)) this.problems.set(problem.code, problem);
    const name = this.nameOf(problems);
    const response = this.responseOf(problems);
    const known = this.responses.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(response)) throw new Error(`two responses are named ${name}`);
    this.responses.set(name, response);
    return { $ref: `#/components/responses/${name}` };
  }

  /** The components that the references lead to. */
  components(): { readonly responses: Json; readonly schemas: Json; readonly examples: Json } {
    const codes = [...this.problems.keys()].sort();
    return {
      responses: Object.fromEntries([...this.responses].sort(([a], [b]) => (a < b ? -1 : 1))),
      schemas: {
        Problem: problemSchema(codes),
        ...Object.fromEntries([...this.problems.values()].map((problem) => [schemaName(problem.code), schemaOf(problem)])),
      },
      examples: Object.fromEntries(codes.map((code) => [code, { value: this.problems.get(code) }])),
    };
  }

  private nameOf(problems: readonly Problem[]): string {
    const rest = new Set(problems.map(({ code }) => code));
    const names: string[] = [];
    for (const { name, errors } of this.groups) {
      if (!errors.every(({ code }) => rest.has(code))) continue;
      names.push(name);
      for (const { code } of errors) rest.delete(code);
    }
    return [...[...rest].map(pascalCase), ...names].join('Or');
  }

  private responseOf(problems: readonly Problem[]): Json {
    const schemas = problems.map(({ code }) => ({ $ref: `#/components/schemas/${schemaName(code)}` }));
    return {
      description: problems.map(({ code, title }) => `\`${code}\`: ${title}`).join('\n\n'),
      ...(problems.some((problem) => 'retry_after' in problem)
        ? { headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } }
        : {}),
      content: {
        [PROBLEM_MEDIA_TYPE]: {
          schema: schemas.length === 1 ? schemas[0] : { oneOf: schemas },
          // A code may have two statuses: one for a mistake of the caller, and one for the state of something else.
          examples: Object.fromEntries(
            problems.map((problem) => {
              const { code, status } = problem;
              return [code, this.problems.get(code)?.status === status ? { $ref: `#/components/examples/${code}` } : { value: problem }];
            }),
          ),
        },
      },
    };
  }
}

const pascalCase = (code: string): string => code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

const schemaName = (code: string): string => `${pascalCase(code)}Problem`;

/** The problem of one code, which a typed client can tell from the others by `code`. */
function schemaOf(problem: Problem): Json {
  const members = Object.keys(problem).filter((member) => !STANDARD_MEMBERS.has(member));
  const required = members.filter((member) => member !== 'retry_after');
  return {
    description: problem.title,
    allOf: [
      { $ref: '#/components/schemas/Problem' },
      {
        type: 'object',
        required: ['code', ...required],
        properties: {
          code: { type: 'string', const: problem.code },
          ...Object.fromEntries(members.map((member) => [member, memberSchema(member)])),
        },
      },
    ],
  };
}

function memberSchema(member: string): Json {
  const schema = MEMBERS[member];
  if (schema === undefined) throw new Error(`the member ${member} of a problem document is not described`);
  return schema;
}

const problemSchema = (codes: readonly string[]): Json => ({
  type: 'object',
  description: 'A problem document (RFC 9457). Some codes add members; the schema of each code lists them.',
  required: [...STANDARD_MEMBERS],
  properties: {
    type: { type: 'string', example: 'urn:problem-type:not_found' },
    title: { type: 'string', example: 'Not found' },
    status: { type: 'integer', example: 404 },
    detail: { type: 'string', description: 'An explanation for the developer of a client.', example: 'There is no such resource.' },
    code: { type: 'string', enum: codes, description: 'The stable code of the error.', example: 'not_found' },
    request_id: {
      type: 'string',
      description: 'The id of the request, which is also in `X-Request-Id` and in the log.',
      example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f',
    },
  },
});
