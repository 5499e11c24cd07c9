import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { LocalModeError } from './local-mode.error.js';
import { readPrivateFile, writePrivateFile } from './private-file.js';

const createSecret = () => randomBytes(48).toString('base64url');

const schema = z.object({ JWT_SECRET: z.string().min(32).default(createSecret) });

export type LocalSecrets = z.infer<typeof schema>;

/**
 * Reads the secrets of this machine from `secrets.json`, and creates those that are missing.
 *
 * @throws LocalModeError when the file is invalid
 */
export function openLocalSecrets(dataDirectory: string): LocalSecrets {
  const path = join(dataDirectory, 'secrets.json');
  let kept: unknown;
  let secrets: LocalSecrets;
  try {
    kept = readPrivateFile(path) ?? {};
    secrets = schema.parse(kept);
  } catch (error) {
    // New secrets would end every session silently.
    throw new LocalModeError(
      `The secrets in ${path} cannot be read. Correct the file or delete it. After a deletion all users have to sign in again.`,
      {
        cause: error,
      },
    );
  }
  if (JSON.stringify(kept) !== JSON.stringify(secrets)) writePrivateFile(path, secrets);
  return secrets;
}
