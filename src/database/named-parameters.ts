/**
 * The parts of SQL in which a colon or a dollar sign means something else, and then the placeholders. A name that
 * begins right after a word, a number, a quote or a closing bracket is the upper bound of an array slice (`list[1:n]`),
 * not a parameter.
 */
const TOKENS = new RegExp(
  [
    /--[^\n]*/, // comment to the end of the line
    /\/\*[\s\S]*?\*\//, // comment
    /(?<!\w)[eE]'(?:[^'\\]|\\[\s\S]|'')*'/, // string with escapes
    /'(?:[^']|'')*'/, // string
    /"(?:[^"]|"")*"/, // quoted name
    /(?<!\w)\$(?<tag>[a-zA-Z_]\w*)?\$[\s\S]*?\$\k<tag>\$/, // dollar-quoted string
    /::/, // cast
    /(?<!\w)\$(?<position>\d+)/,
    /(?<![\w\])"']):(?<name>[a-z_][a-z0-9_]*)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/**
 * Rewrites `:name` to `$n`, where n is the place of the name in `names`. Strings, quoted names, comments and casts stay
 * as they are.
 *
 * @throws Error for a name that is not in `names`, for one of `names` that the text does not use, and for a `$n` in the
 * text
 */
export function compileNamedParameters(text: string, names: readonly string[]): string {
  const used = new Set<string>();
  const compiled = text.replace(TOKENS, (token, ...rest) => {
    const { name, position } = rest.at(-1) as { readonly name?: string; readonly position?: string };
    if (position !== undefined) throw new Error(`${token} is a positional parameter: write :name`);
    if (name === undefined) return token;
    const index = names.indexOf(name);
    if (index === -1) throw new Error(`the parameter ${token} is not declared`);
    used.add(name);
    return `$${index + 1}`;
  });
  const unused = names.filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`the text does not use the declared parameter ${unused.join(', ')}`);
  return compiled;
}
