declare global {
  /** Left by the setup, as Jest loads its teardown apart from it. */
  var stopTestServer: (() => Promise<void>) | undefined;
}

/** Stops the PostgreSQL of the run; a default export because Jest wants one. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.stopTestServer?.();
}
