import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

export interface PostmanRequest {
  readonly method: string;
  readonly url: string | object;
  readonly description?: string;
  readonly header?: readonly { readonly key: string; readonly value: string; readonly disabled?: boolean; readonly description?: string }[];
  readonly body?: object;
  readonly auth?: object | null;
}

export interface PostmanItem {
  readonly name: string;
  readonly event?: readonly object[];
  readonly request: PostmanRequest;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly example?: unknown;
  readonly schema?: Schema;
}

export const NO_AUTH = { type: 'noauth' } as const;

/** A JSON body in Postman's form. */
export const jsonBody = (value: unknown): object => ({
  mode: 'raw',
  raw: JSON.stringify(value, null, 2),
  options: { raw: { language: 'json' } },
});

/** Turns an operation into a request with example values. Ids in the path are variables of the environment. */
export function toRequest(document: OpenAPIObject, method: string, path: string, operation: Operation): PostmanRequest {
  const parameters = (operation.parameters ?? []) as readonly Parameter[];
  const isOpen = operation.security?.length === 0;
  const content = (operation.requestBody as { content?: Record<string, { schema?: Schema }> } | undefined)?.content;
  const body = content?.['application/json']?.schema;
  const headers = parameters.filter((parameter) => parameter.in === 'header');
  return {
    method: method.toUpperCase(),
    url: toUrl(path, parameters),
    ...(operation.description === undefined ? {} : { description: operation.description }),
    header: [
      ...(body ? [{ key: 'Content-Type', value: 'application/json' }] : []),
      ...headers.map((header) => ({ key: header.name, value: exampleOf(header), disabled: true, ...described(header) })),
    ],
    ...(body ? { body: jsonBody(exampleBody(document, body)) } : {}),
    ...(isOpen ? { auth: NO_AUTH } : {}),
  };
}

function toUrl(path: string, parameters: readonly Parameter[]): object {
  const segments = path.slice(1).split('/');
  const query = parameters.filter((parameter) => parameter.in === 'query');
  const named = parameters.filter((parameter) => parameter.in === 'path');
  const parts = segments.map((segment) => segment.replace(/^\{(.+)\}$/, ':$1'));
  return {
    raw: `{{base_url}}/${parts.join('/')}`,
    host: ['{{base_url}}'],
    path: parts,
    ...(query.length === 0
      ? {}
      : { query: query.map((one) => ({ key: one.name, value: exampleOf(one), disabled: one.required !== true, ...described(one) })) }),
    ...(named.length === 0 ? {} : { variable: named.map((one) => ({ key: one.name, value: `{{${one.name}}}`, ...described(one) })) }),
  };
}

const described = ({ description }: Parameter) => (description === undefined ? {} : { description });

function exampleOf({ example, schema }: Parameter): string {
  const value = example ?? schema?.example ?? schema?.default ?? schema?.enum?.[0] ?? '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function exampleBody(document: OpenAPIObject, schema: Schema): unknown {
  const named = schema.$ref?.split('/').pop();
  const { properties = {} } = (named === undefined ? schema : document.components?.schemas?.[named]) as Schema;
  return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, field.example ?? null]));
}
