/**
 * The code of an error of the operating system (`ENOENT`). The error is recognised by its shape: under Jest errors of
 * Node's core belong to another realm.
 */
export function systemErrorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
