import type { OpenAPIObject } from '@nestjs/swagger';
import type { Step } from './postman-run.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** Where an operation is found in the document. */
export interface Place {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

interface Schema {
  readonly example?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly example?: unknown;
  readonly schema?: Schema;
}

export const NO_AUTH = { type: 'noauth' } as const;

/** Authorisation by the token in a variable of the collection. */
export const bearer = (variable: string) => ({ type: 'bearer', bearer: [{ key: 'token', value: `{{${variable}}}`, type: 'string' }] });

/** A form with a file, written out, so that a run needs no file on the disk. */
const FORM = {
  header: { key: 'Content-Type', value: 'multipart/form-data; boundary=postman' },
  body: {
    mode: 'raw',
    raw: [
      '--postman',
      'Content-Disposition: form-data; name="file"; filename="Kyoto.txt"',
      '',
      'Two days in Kyoto: Fushimi Inari at dawn.',
      '--postman--',
      '',
    ].join('\r\n'),
  },
} as const;

/** A request in Postman's form: the document's example, with what the step gives in its place. */
export function toRequest(document: OpenAPIObject, { method, path, operation }: Place, step: Step): object {
  const parameters = (operation.parameters ?? []).map((parameter) => resolved(document, parameter as Parameter));
  const content = (operation.requestBody as { content?: Record<string, { example?: unknown }> } | undefined)?.content;
  const json = content?.['application/json'];
  const form = content?.['multipart/form-data'] ? FORM : null;
  const headers = parameters.filter((parameter) => parameter.in === 'header');
  return {
    method: method.toUpperCase(),
    url: toUrl(path, parameters, step),
    ...(operation.description === undefined ? {} : { description: operation.description }),
    header: [
      ...(json ? [{ key: 'Content-Type', value: 'application/json' }] : []),
      ...(form ? [form.header] : []),
      ...headers.map((header) => ({ key: header.name, value: exampleOf(header), disabled: true, ...described(header) })),
    ],
    ...(json
      ? { body: { mode: 'raw', raw: JSON.stringify(step.body ?? json.example, null, 2), options: { raw: { language: 'json' } } } }
      : {}),
    ...(form ? { body: form.body } : {}),
    ...(operation.security?.length === 0 ? { auth: NO_AUTH } : {}),
    ...(step.asAdministrator === true ? { auth: bearer('admin_token') } : {}),
  };
}

function toUrl(path: string, parameters: readonly Parameter[], step: Step): object {
  const query = parameters.filter((parameter) => parameter.in === 'query');
  const named = parameters.filter((parameter) => parameter.in === 'path');
  const parts = path
    .slice(1)
    .split('/')
    .map((segment) => segment.replace(/^\{(.+)\}$/, ':$1'));
  const sent = query.map((one) => ({
    key: one.name,
    value: step.query?.[one.name] ?? exampleOf(one),
    disabled: one.required !== true && step.query?.[one.name] === undefined,
    ...described(one),
  }));
  return {
    raw: `{{base_url}}/${parts.join('/')}`,
    host: ['{{base_url}}'],
    path: parts,
    ...(sent.length === 0 ? {} : { query: sent }),
    ...(named.length === 0
      ? {}
      : { variable: named.map((one) => ({ key: one.name, value: step.path?.[one.name] ?? `{{${one.name}}}`, ...described(one) })) }),
  };
}

const described = ({ description }: Parameter) => (description === undefined ? {} : { description });

function exampleOf({ example, schema }: Parameter): string {
  const value = example ?? schema?.example ?? schema?.default ?? schema?.enum?.[0] ?? '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The parameter itself, where the operation only refers to it. */
function resolved(document: OpenAPIObject, parameter: Parameter): Parameter {
  const name = parameter.$ref?.split('/').pop();
  return name === undefined ? parameter : (document.components?.parameters?.[name] as Parameter);
}
