import { z } from 'zod';

/**
 * The JSON Schemas of a registry's types by their ids. They refer to each other as components of an OpenAPI document
 * do.
 */
export function componentsOf(registry: Parameters<typeof z.toJSONSchema>[0] & object): Readonly<Record<string, object>> {
  const { schemas } = z.toJSONSchema(registry as z.core.$ZodRegistry<{ id?: string }>, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [
      id,
      Object.fromEntries(Object.entries(schema).filter(([name]) => name !== '$schema' && name !== '$id')),
    ]),
  );
}
