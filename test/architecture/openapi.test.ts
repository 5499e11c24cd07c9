import { readdirSync, readFileSync } from 'node:fs';
import { compileErrors, validate } from '@readme/openapi-parser';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | string[];
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly anyOf?: Schema[];
  readonly allOf?: Schema[];
  readonly enum?: string[];
}

interface Operation {
  readonly summary?: string;
  readonly operationId: string;
  readonly tags?: string[];
  readonly security?: Record<string, string[]>[];
  readonly requestBody?: { content: Record<string, { schema: Schema }> };
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly tags: { name: string }[];
  readonly components: { schemas: Record<string, Schema>; examples: Record<string, { value: Record<string, unknown> }> };
}

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
);

it('is a valid OpenAPI document', async () => {
  const result = await validate(structuredClone(document) as never);
  expect(result.valid ? '' : compileErrors(result)).toBe('');
});

it('lets the content of a message with attachments be empty, as the API does', () => {
  for (const name of ['SendMessageRequest', 'EditMessageRequest'])
    expect(document.components.schemas[name]?.properties?.['content']).not.toHaveProperty('minLength');
});

it('gives every operation a name of its own, which says what it does to what: clients list them without their tags', () => {
  const names = operations.map(({ operation }) => operation.operationId);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  expect(names.filter((name) => !/^[a-z]+[A-Z]/.test(name))).toEqual([]);
});

it.each(operations)('$route is described as a reader of Swagger UI needs it', ({ operation }) => {
  expect(operation.summary).toMatch(/^[A-Z].*[^.]$/);
  expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining(operation.tags ?? ['no tag']));
  expect(operation.security).toBeDefined();
  const answers = Object.entries(operation.responses);
  const answersWithoutWords = answers.filter(([, { description }]) => description === '').map(([status]) => status);
  expect(answersWithoutWords).toEqual([]);
  const good = answers.filter(([status]) => status.startsWith('2'));
  expect(good.length).toBeGreaterThan(0);
  for (const [status, { content }] of good) expect([status, content === undefined]).toEqual([status, status === '204']);
});

/** Bodies that have an example as a whole, and parts of streams. */
const SHOWN_AS_A_WHOLE = /^(ChatroomDocument|Imported\w+|StreamEvent|MessageMetadata)$|Problem$/;

it('gives every field of every body an example', () => {
  const schemas = Object.entries(document.components.schemas).filter(([name]) => !SHOWN_AS_A_WHOLE.test(name) || name === 'Problem');
  const lacking = schemas.flatMap(([name, { properties = {} }]) =>
    Object.entries(properties)
      .filter(([, field]) => !('example' in field) && !refersTo(field))
      .map(([field]) => `${name}.${field}`),
  );
  expect(lacking).toEqual([]);
});

const refersTo = (field: Schema): boolean =>
  field.$ref !== undefined ||
  [...(field.anyOf ?? []), ...(field.allOf ?? [])].some(refersTo) ||
  (field.items !== undefined && (refersTo(field.items) || field.items.properties !== undefined));

it('lists the code of every error that a client may be told', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  const declared = sources.flatMap((file) =>
    [...readFileSync(`src/${file}`, 'utf8').matchAll(/extends defineError(?:<[^(]+>)?\(\{\s+code: '([a-z_]+)'/g)].map(([, code]) => code),
  );
  expect(declared).toContain('not_found');
  expect([...new Set(declared)].sort()).toEqual(document.components.schemas['Problem']?.properties?.['code']?.enum);
});

it('shows each error as a client gets it', () => {
  for (const [code, { value }] of Object.entries(document.components.examples)) {
    expect(value).toMatchObject({ type: `urn:problem-type:${code}`, code });
    expect(JSON.stringify(value)).not.toMatch(/undefined|NaN|null/);
  }
});
