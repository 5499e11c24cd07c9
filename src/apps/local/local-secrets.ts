import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { LocalModeError } from './local-mode.error.js';
import { readPrivateFile, writePrivateFile } from './private-file.js';

const makeSecret = () => randomBytes(48).toString('base64url');

const schema = z.object({ JWT_SECRET: z.string().min(32).default(makeSecret) });

export type LocalSecrets = z.infer<typeof schema>;

/**
 * Secrets of this machine: those of `secrets.json`, where the ones that are missing are made first.
 *
 * @throws LocalModeError when the file is there and not ours
 */
export function openLocalSecrets(dataDirectory: string): LocalSecrets {
  const path = join(dataDirectory, 'secrets.json');
  let kept: unknown;
  let secrets: LocalSecrets;
  try {
    kept = readPrivateFile(path) ?? {};
    secrets = schema.parse(kept);
  } catch (error) {
    // Made anew they would end every session without a word.
    throw new LocalModeError(`The secrets in ${path} cannot be read. Mend the file, or delete it: everyone has to sign in again then.`, {
      cause: error,
    });
  }
  if (JSON.stringify(kept) !== JSON.stringify(secrets)) writePrivateFile(path, secrets);
  return secrets;
}
