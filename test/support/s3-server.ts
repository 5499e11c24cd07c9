import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { until } from './until.js';

export interface S3Server {
  readonly url: string;
  readonly bucket: string;
  /** The settings of a process that stores attachments there. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const BUCKET = 'files';

/** A server of S3 that others wrote, with an empty bucket, in a process of its own. */
export async function startS3Server(): Promise<S3Server> {
  const program = createRequire(import.meta.url).resolve('s3rver/bin/s3rver.js');
  const directory = mkdtempSync(join(tmpdir(), 'test-s3-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = ['--port', String(port), '--address', '127.0.0.1', '--directory', directory, '--configure-bucket', BUCKET, '--silent'];
  // Its tokens of the next page are made by DES, which OpenSSL 3 has among the ciphers of the past.
  const server = spawn(process.execPath, ['--openssl-legacy-provider', program, ...options], { stdio: 'ignore' });
  const exited = once(server, 'exit');
  await until('the S3 server listens', () =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  );
  return {
    url,
    bucket: BUCKET,
    settings: {
      ATTACHMENT_STORE: 's3',
      S3_ENDPOINT: url,
      S3_BUCKET: BUCKET,
      // The account that the server knows.
      S3_ACCESS_KEY_ID: 'S3RVER',
      S3_SECRET_ACCESS_KEY: 'S3RVER',
    },
    stop: async () => {
      server.kill();
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
