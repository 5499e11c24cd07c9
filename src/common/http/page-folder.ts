import { existsSync } from 'node:fs';

/**
 * The folder of the pages that `npm run build` makes of `web/`. The folder of the package is not as many levels above
 * the build as above the source.
 */
export function pageFolder(): URL {
  let folder = new URL('./', import.meta.url);
  while (!existsSync(new URL('package.json', folder))) folder = new URL('../', folder);
  return new URL('web/dist/', folder);
}
