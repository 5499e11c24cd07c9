import { execFileSync } from 'node:child_process';
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

/** Builds the pages, unless they are built, and starts the PostgreSQL of the run; exported as Jest wants it. */
export default async function globalSetup(): Promise<void> {
  execFileSync(process.execPath, ['tools/build-web.mjs'], { stdio: 'inherit' });
  resolveSources();
  const { startTestServer, stopTestServer } = await import('./test-server.js');
  globalThis.stopTestServer = stopTestServer;
  await startTestServer();
}
