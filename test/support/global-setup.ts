import Module from 'node:module';

/** Jest transforms what its globalSetup loads, but resolves it as Node does, which knows no `.ts` behind our `.js`. */
function resolveSources(): void {
  const loader = Module as unknown as { _resolveFilename(request: string, ...rest: unknown[]): string };
  const resolve = loader._resolveFilename.bind(Module);
  loader._resolveFilename = (request, ...rest) => {
    try {
      return resolve(request, ...rest);
    } catch (error) {
      if (!/^\.{1,2}\/.*\.js$/.test(request)) throw error;
      return resolve(request.replace(/\.js$/, '.ts'), ...rest);
    }
  };
}

/** Starts the PostgreSQL of the run; a default export because Jest wants one. */
export default async function globalSetup(): Promise<void> {
  resolveSources();
  const { startTestServer, stopTestServer } = await import('./test-server.js');
  globalThis.stopTestServer = stopTestServer;
  await startTestServer();
}
