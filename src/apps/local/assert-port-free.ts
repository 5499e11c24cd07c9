import { once } from 'node:events';
import { createServer } from 'node:net';
import { systemErrorCode } from './postgres/system-error.js';
import { LocalModeError } from './local-mode.error.js';

/**
 * Checks a port before the parts start that take longer. Port 0 is always free.
 *
 * @param setting the name of the setting, for the message
 * @throws LocalModeError
 */
export async function assertPortFree(setting: string, port: number, host: string): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw new LocalModeError(complaint(setting, port, host, systemErrorCode(error)), { cause: error });
  }
  server.close();
  await once(server, 'close');
}

function complaint(setting: string, port: number, host: string, code: string | undefined): string {
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken by another process. Stop that one, or set ${setting} to another port (0 takes any free one): ${setting}=0 npm start`;
  }
  if (code === 'EACCES') return `Port ${port} is for administrators of this machine only. Set ${setting} to one from 1024.`;
  return `Port ${port} of ${host} cannot be listened on (${code ?? 'no reason given'}). Check ${setting} and HOST.`;
}
