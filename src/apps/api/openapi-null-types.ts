type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Copies a document of OpenAPI 3.0, which Nest's decorators write, with `nullable` schemas in the form of OpenAPI 3.1,
 * where null is a type like others (JSON Schema 2020-12).
 */
export function withNullTypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNullTypes);
  if (!isObject(value)) return value;
  const { nullable, ...schema } = Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, key === 'example' || key === 'examples' ? child : withNullTypes(child)]),
  );
  if (nullable !== true) return schema;
  const { type, allOf, enum: values, ...rest } = schema;
  if (typeof type === 'string')
    return { type: [type, 'null'], ...(Array.isArray(values) ? { enum: [...(values as unknown[]), null] } : {}), ...rest };
  if (Array.isArray(allOf) && allOf.length === 1) return { anyOf: [...(allOf as unknown[]), { type: 'null' }], ...rest };
  throw new Error(`a nullable schema of an unknown form: ${JSON.stringify(value)}`);
}
