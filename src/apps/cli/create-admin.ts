import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppError } from '../../common/errors/app-error.js';
import type { FieldError } from '../../common/errors/common.errors.js';
import { runProcess } from '../../common/process.js';
import { ConfigModule } from '../../config/config.module.js';
import { type Config, loadConfig } from '../../config/env.js';
import { DatabaseModule } from '../../database/database.module.js';
import { UsersModule, UsersService } from '../../modules/users/index.js';
import { explainStartFailure } from '../explain-start-failure.js';
import { waitForDependencies } from '../wait-for-dependencies.js';

const USAGE = 'npm run admin:create -- --username NAME --password PASSWORD --mobile-number +14155550123';

@Module({})
class CreateAdminModule {
  static forRoot(config: Config): DynamicModule {
    return { module: CreateAdminModule, imports: [ConfigModule.forRoot(config), DatabaseModule, UsersModule] };
  }
}

/** What is wrong with the arguments; its message is for whoever typed them. */
class ArgumentsError extends Error {}

function readArguments(): { username: string; password: string; mobileNumber: string } {
  try {
    const { values } = parseArgs({
      options: { username: { type: 'string' }, password: { type: 'string' }, 'mobile-number': { type: 'string' } },
    });
    const { username, password, 'mobile-number': mobileNumber } = values;
    if (username !== undefined && password !== undefined && mobileNumber !== undefined) return { username, password, mobileNumber };
  } catch {
    // an unknown option: the usage says which there are
  }
  throw new ArgumentsError(`Usage: ${USAGE}`);
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
  const input = readArguments();
  const config = loadConfig({ demand: ['DATABASE_URL'], ignore: ['REDIS_URL'] });
  // It says at once what is missing, as somebody sits before it.
  await waitForDependencies({ ...config, START_TIMEOUT: 0 });
  const app = await NestFactory.createApplicationContext(CreateAdminModule.forRoot(config), { logger: false, abortOnError: false });
  try {
    const user = await app.get(UsersService).createAdministrator({ ...input, email: null });
    process.stdout.write(`${user.username} (${user.mobile_number}) is an administrator.\n`);
  } finally {
    await app.close();
  }
  process.exit(0);
}, explain);
