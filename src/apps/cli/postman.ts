import type { OpenAPIObject } from '@nestjs/swagger';
import { toRequest, type PostmanItem, type PostmanRequest } from './postman-request.js';
import { STEPS, VARIABLES } from './postman-walkthrough.js';

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

export const WALKTHROUGH = 'Walkthrough';

const DESCRIPTION = `Generated from the OpenAPI document by \`npm run generate\`.

Run the folder **${WALKTHROUGH}** with the environment beside this file: it signs up, chats, subscribes and administrates against the
local mode. The other folders contain every route.`;

/** Reads the operations of a document by their names. */
function operationsOf(document: OpenAPIObject): Map<string, { request: PostmanRequest; tag: string; summary: string }> {
  return new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      METHODS.flatMap((method) => {
        const operation = methods[method];
        if (!operation?.operationId) return [];
        const { operationId, tags = [], summary = operationId } = operation;
        return [[operationId, { request: toRequest(document, method, path, operation), tag: tags[0] ?? '', summary }] as const];
      }),
    ),
  );
}

const script = (listen: 'test' | 'prerequest', lines: readonly string[] | undefined) =>
  lines === undefined ? [] : [{ listen, script: { type: 'text/javascript', exec: [...lines] } }];

/** Creates a collection with one run through the product, and with every operation in the folder of its tag. */
export function postmanCollection(document: OpenAPIObject): object {
  const operations = operationsOf(document);
  const steps = STEPS.map(({ name, operation, before, after, change }): PostmanItem => {
    const found = operation === undefined ? undefined : operations.get(operation);
    if (operation !== undefined && !found) throw new Error(`the walkthrough uses the operation ${operation}, which does not exist`);
    return {
      name,
      event: [...script('prerequest', before), ...script('test', after)],
      request: { ...(found?.request ?? { method: 'GET', url: '' }), ...change },
    };
  });
  const tags = [...new Set([...operations.values()].map(({ tag }) => tag))];
  return {
    info: { name: document.info.title, description: DESCRIPTION, schema: SCHEMA },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{access_token}}', type: 'string' }] },
    item: [
      { name: WALKTHROUGH, item: steps },
      ...tags.map((tag) => ({
        name: tag,
        item: [...operations.values()]
          .filter((operation) => operation.tag === tag)
          .map(({ summary, request }): PostmanItem => ({ name: summary, request })),
      })),
    ],
  };
}

/** The variables for the local mode. The walkthrough or the user fills in the empty ones. */
export const postmanEnvironment = (): object => ({
  name: 'Local mode',
  values: VARIABLES.map(({ key, value, isSecret }) => ({ key, value, type: isSecret === true ? 'secret' : 'default', enabled: true })),
  _postman_variable_scope: 'environment',
});
