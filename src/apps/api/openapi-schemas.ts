type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The longest values of formats, for readers that do not know the format. */
const FORMAT_LENGTHS: Readonly<Record<string, number>> = { uuid: 36, date: 10, 'date-time': 40 };

/**
 * Copies a document of OpenAPI 3.0, which Nest's decorators write, with its schemas in the form of OpenAPI 3.1 (JSON
 * Schema 2020-12), where null is a type like others. Strings whose format bounds their length say so.
 */
export function completeSchemas(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(completeSchemas);
  if (!isObject(value)) return value;
  const { nullable, ...schema }: Record<string, unknown> = Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, key === 'example' || key === 'examples' ? child : completeSchemas(child)]),
  );
  const isString = [schema['type']].flat().includes('string');
  const longest = isString && typeof schema['format'] === 'string' ? FORMAT_LENGTHS[schema['format']] : undefined;
  if (longest !== undefined) schema['maxLength'] ??= longest;
  if (nullable !== true) return schema;
  const { type, allOf, enum: values, ...rest } = schema;
  if (typeof type === 'string')
    return { type: [type, 'null'], ...(Array.isArray(values) ? { enum: [...(values as unknown[]), null] } : {}), ...rest };
  if (Array.isArray(allOf) && allOf.length === 1) return { anyOf: [...(allOf as unknown[]), { type: 'null' }], ...rest };
  throw new Error(`a nullable schema of an unknown form: ${JSON.stringify(value)}`);
}
