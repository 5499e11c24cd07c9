import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface MediaType {
  readonly schema: object;
  readonly examples?: Record<string, object>;
}

interface DocumentedResponse {
  readonly $ref?: string;
  readonly content?: Record<string, MediaType>;
}

interface Document {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, DocumentedResponse> }>>;
  readonly components: {
    readonly schemas: Record<string, { readonly type?: string; readonly properties?: object }>;
    readonly responses: Record<string, DocumentedResponse>;
  };
}

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;

const ajv = new Ajv2020({
  strict: false,
  allErrors: true,
  formats: {
    uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    date: /^\d{4}-\d\d-\d\d$/,
    email: /^[^@\s]+@[^@\s]+$/,
    password: true,
    uri: (text: string) => URL.canParse(text),
  },
});
ajv.addSchema({ $id: 'openapi', components: { schemas: Object.fromEntries(Object.entries(document.components.schemas).map(closed)) } });

/** Documented fields are all fields, except in problems, which may add members. */
function closed([name, schema]: [string, Document['components']['schemas'][string]]): [string, object] {
  return [name, schema.properties && name !== 'Problem' ? { ...schema, additionalProperties: false } : schema];
}

const operations = Object.entries(document.paths).map(([path, methods]) => ({
  path,
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}/?$`),
  methods,
}));

const validators = new Map<object, ValidateFunction>();

function validatorOf(schema: object): ValidateFunction {
  const validator =
    validators.get(schema) ?? ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components')) as object);
  validators.set(schema, validator);
  return validator;
}

export interface ContractedAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  /** Decoded. */
  readonly body: unknown;
}

/**
 * Holds an answer of the API to openapi.json: its status, content type, error code and every field of its body must be
 * documented.
 *
 * @throws Error that says what is not
 */
export function assertContract({ method, path, status, contentType, body }: ContractedAnswer): void {
  const pathname = path.split('?', 1)[0] ?? '';
  const operation = operations.find(({ pattern }) => pattern.test(pathname));
  const found = operation?.methods[method.toLowerCase()];
  const what = `${method} ${operation?.path ?? pathname} answers ${status}`;
  const mediaType = contentType?.split(';', 1)[0] ?? '';
  if (!found) {
    if (status >= 400) check(what, { $ref: '#/components/schemas/Problem' }, body);
    return;
  }
  const documented = resolved(found.responses[String(status)] ?? (status < 300 ? found.responses['2XX'] : undefined));
  if (!documented) throw new Error(`${what}, which openapi.json does not mention: ${JSON.stringify(body)}`);
  if (!documented.content) {
    if (body !== undefined) throw new Error(`${what} with a body, which openapi.json does not mention`);
    return;
  }
  const content = documented.content[mediaType];
  if (!content) throw new Error(`${what} as ${mediaType || 'nothing'}, which openapi.json does not mention`);
  if (mediaType === 'application/x-ndjson') {
    // The schema is that of a line.
    for (const line of typeof body === 'string' ? body.split('\n') : []) if (line !== '') check(what, content.schema, JSON.parse(line));
  } else if (mediaType.endsWith('json')) check(what, content.schema, body);
  const { code } = (body ?? {}) as { code?: string };
  if (status >= 400 && !(String(code) in (content.examples ?? {})))
    throw new Error(`${what} ${String(code)}, which openapi.json does not mention`);
}

const resolved = (response: DocumentedResponse | undefined): DocumentedResponse | undefined =>
  response?.$ref === undefined ? response : document.components.responses[response.$ref.split('/').pop() ?? ''];

function check(what: string, schema: object, body: unknown): void {
  const validate = validatorOf(schema);
  if (!validate(body)) throw new Error(`${what} against openapi.json: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body)}`);
}
