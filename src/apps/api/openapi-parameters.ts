import type { OpenAPIObject } from '@nestjs/swagger';

type Json = Readonly<Record<string, unknown>>;
interface Parameter {
  readonly name: string;
}

/**
 * Moves parameters that several operations share to the components of the document, where each is written once under
 * its name. Where parameters of one name differ, the most frequent one is moved and the others stay where they are.
 */
export function shareParameters(document: OpenAPIObject): void {
  const operations = Object.values(document.paths).flatMap(
    (path) => Object.values(path as Json) as { parameters?: (Parameter | Json)[] }[],
  );
  const uses = new Map<string, { readonly parameter: Parameter; readonly count: number }>();
  for (const { parameters = [] } of operations) {
    for (const parameter of parameters as Parameter[]) {
      const text = JSON.stringify(parameter);
      uses.set(text, { parameter, count: (uses.get(text)?.count ?? 0) + 1 });
    }
  }
  const shared = new Map<string, string>();
  for (const [text, { parameter, count }] of [...uses].sort(([, a], [, b]) => b.count - a.count)) {
    if (count > 1 && !shared.has(parameter.name)) shared.set(parameter.name, text);
  }
  for (const operation of operations) {
    if (!operation.parameters) continue;
    operation.parameters = (operation.parameters as Parameter[]).map((parameter) =>
      shared.get(parameter.name) === JSON.stringify(parameter) ? { $ref: `#/components/parameters/${parameter.name}` } : { ...parameter },
    );
  }
  const parameters = Object.fromEntries(
    [...shared].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => [name, JSON.parse(text) as unknown]),
  );
  document.components = { ...document.components, parameters } as OpenAPIObject['components'] & object;
}
