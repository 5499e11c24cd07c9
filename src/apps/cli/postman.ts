import type { OpenAPIObject } from '@nestjs/swagger';
import { bearer, type Place, toRequest } from './postman-request.js';
import { FOLDERS, type Step, VARIABLES } from './postman-run.js';

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const DESCRIPTION = `Generated from the OpenAPI document by \`npm run generate\`.

Every route but endless streams, in an order in which the whole collection runs against the local mode: each request keeps the tokens and ids that
later ones need in the collection's variables, and its tests fail when the answer is not the expected one. Set
\`admin_password\` to the password that \`npm start\` prints at its first start, and \`base_url\` for another address.`;

interface Item {
  readonly name: string;
  readonly event: readonly object[];
  readonly request: object;
  readonly protocolProfileBehavior?: object;
}

/** A stream of events that nothing but its reader ends: a run would wait for it. */
function isEndless({ responses }: Place['operation']): boolean {
  const answers = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  return answers.every(([, answer]) => {
    const types = answer && 'content' in answer ? Object.keys(answer.content ?? {}) : [];
    return types.join() === 'text/event-stream';
  });
}

/** The operations of a document by their ids. */
function operationsOf(document: OpenAPIObject): Map<string, Place> {
  return new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      METHODS.flatMap((method) => {
        const operation = methods[method];
        return operation?.operationId && !isEndless(operation) ? [[operation.operationId, { method, path, operation }] as const] : [];
      }),
    ),
  );
}

/** A script that fails the run at another answer, and then does what the step wants. */
function testOf({ refusedWith, after = [] }: Step, succeeds: readonly number[]): readonly string[] {
  const statuses = refusedWith ? [refusedWith[0]] : succeeds;
  return [
    ...(statuses.length === 0
      ? []
      : [`pm.test('answers ${statuses.join(' or ')}', () => pm.expect(pm.response.code).to.be.oneOf([${statuses.join(', ')}]));`]),
    ...(refusedWith
      ? [`pm.test('is refused with ${refusedWith[1]}', () => pm.expect(pm.response.json().code).to.equal('${refusedWith[1]}'));`]
      : []),
    ...(after.some((line) => line.includes('body.')) ? ['const body = pm.response.json();'] : []),
    ...(after.some((line) => line.includes('(text)')) ? ['const text = pm.response.text();'] : []),
    ...after,
  ];
}

const script = (listen: 'test' | 'prerequest', exec: readonly string[]) => ({ listen, script: { type: 'text/javascript', exec } });

/** Creates a collection with every operation, in the order of a run. */
export function postmanCollection(document: OpenAPIObject): object {
  const operations = operationsOf(document);
  const named = new Set(FOLDERS.flatMap(({ steps }) => steps.map(({ operation }) => operation)));
  const toItem = (step: Step): Item => {
    const place = step.operation === undefined ? undefined : operations.get(step.operation);
    if (!place && !step.request) throw new Error(`the collection uses the operation ${step.operation}, which does not exist`);
    const succeeds = Object.keys(place?.operation.responses ?? {})
      .map(Number)
      .filter((status) => status < 300);
    return {
      name: step.name ?? place?.operation.summary ?? '',
      event: [...(step.before ? [script('prerequest', step.before)] : []), script('test', testOf(step, succeeds))],
      request: place ? toRequest(document, place, step) : (step.request ?? {}),
      ...(step.request ? { protocolProfileBehavior: { followRedirects: false } } : {}),
    };
  };
  return {
    info: { name: document.info.title, description: DESCRIPTION, schema: SCHEMA },
    auth: bearer('access_token'),
    variable: Object.entries(VARIABLES).map(([key, value]) => ({ key, value })),
    item: FOLDERS.map(({ name, description, asAdministrator, steps }) => {
      const others = [...operations]
        .filter(([id, { operation }]) => operation.tags?.[0] === name && !named.has(id))
        .map(([operation]) => ({ operation }));
      return {
        name,
        description,
        ...(asAdministrator === true ? { auth: bearer('admin_token') } : {}),
        item: [...steps, ...others].map(toItem),
      };
    }),
  };
}
