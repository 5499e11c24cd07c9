/** The code of an error of the operating system (`ENOENT`). By its shape, as errors of Node's core are of another realm than ours under Jest. */
export function systemErrorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
