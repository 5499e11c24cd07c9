import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppError } from '../../common/errors/app-error.js';
import type { FieldError } from '../../common/errors/common.errors.js';
import { openLog } from '../../common/logging/open-log.js';
import { runProcess } from '../../common/process.js';
import { ConfigModule } from '../../config/config.module.js';
import { type Config, loadConfig } from '../../config/env.js';
import { DatabaseModule } from '../../database/database.module.js';
import { UsersModule, UsersService } from '../../modules/users/index.js';
import { explainStartFailure } from '../explain-start-failure.js';
import { waitForDependencies } from '../wait-for-dependencies.js';
import { readSecret } from './read-secret.js';

const USAGE = `Usage: npm run admin:create -- --username NAME --mobile-number +14155550123
The password is read from standard input; --generate-password creates one and prints it.`;

@Module({})
class CreateAdminModule {
  static forRoot(config: Config): DynamicModule {
    return { module: CreateAdminModule, imports: [ConfigModule.forRoot(config), DatabaseModule, UsersModule] };
  }
}

/** The arguments are wrong. The message tells the user how. */
class ArgumentsError extends Error {}

/** Reads the arguments. The password is none of them: the list of processes and the shell's history show them. */
function readArguments(): { username: string; mobileNumber: string; generatesPassword: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        username: { type: 'string' },
        'mobile-number': { type: 'string' },
        'generate-password': { type: 'boolean', default: false },
      },
    });
    const { username, 'mobile-number': mobileNumber, 'generate-password': generatesPassword } = values;
    if (username !== undefined && mobileNumber !== undefined) return { username, mobileNumber, generatesPassword };
  } catch {
    // The option is unknown: the usage lists the known ones.
  }
  throw new ArgumentsError(USAGE);
}

async function readPassword(): Promise<string> {
  const password = await readSecret('Password: ');
  if (password === null || password === '') throw new ArgumentsError(`There is no password on standard input.\n${USAGE}`);
  // The password is invisible while it is typed, and an administrator's password cannot be reset.
  if (process.stdin.isTTY && (await readSecret('Once more: ')) !== password) throw new ArgumentsError('The passwords are not the same.');
  return password;
}

function explain(error: unknown): string | null {
  if (error instanceof ArgumentsError) return error.message;
  if (error instanceof AppError) {
    const errors = (error.members['errors'] ?? []) as readonly FieldError[];
    return errors.length > 0 ? errors.map(({ message }) => message).join('\n') : error.message;
  }
  return explainStartFailure(error);
}

await runProcess(async () => {
  const { username, mobileNumber, generatesPassword } = readArguments();
  const config = loadConfig({ required: ['DATABASE_URL'], ignore: ['REDIS_URL'] });
  // A person is waiting, so a missing dependency is reported at once.
  await waitForDependencies({ ...config, START_TIMEOUT: 0 });
  const password = generatesPassword ? randomBytes(18).toString('base64url') : await readPassword();
  // Standard output is for the person who runs the command.
  const logger = await openLog({ level: config.LOG_LEVEL, destination: process.stderr });
  const app = await NestFactory.createApplicationContext(CreateAdminModule.forRoot(config), { logger, abortOnError: false });
  try {
    const user = await app.get(UsersService).createAdministrator({ username, mobileNumber, password, email: null });
    process.stdout.write(`${user.username} (${user.mobileNumber}) is an administrator.\n`);
    if (generatesPassword) process.stdout.write(`The password, shown this once only: ${password}\n`);
  } finally {
    await app.close();
  }
  process.exit(0);
}, explain);
