import type { ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { entities } from '../../src/apps/cli/entities.js';
import { ConfigModule } from '../../src/config/config.module.js';
import type { Config } from '../../src/config/env.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { QueueModule } from '../../src/queue/queue.module.js';
import { StreamsModule } from '../../src/streams/streams.module.js';
import { testConfig } from './api.js';
import { createTestDatabase } from './test-database.js';

/** A part of the application on a database of its own; close() leaves nothing behind. */
export async function startModule(
  imports: NonNullable<ModuleMetadata['imports']>,
  settings: Partial<Record<keyof Config, string>> = {},
): Promise<{ module: TestingModule; close: () => Promise<void> }> {
  const database = await createTestDatabase();
  const config = testConfig({ DATABASE_URL: database.url, ...settings });
  const module = await Test.createTestingModule({
    // TypeORM wants every table that another one refers to, also of modules that this part does not import.
    imports: [
      ConfigModule.forRoot(config),
      DatabaseModule,
      TypeOrmModule.forFeature([...entities]),
      QueueModule,
      StreamsModule,
      ...imports,
    ],
  }).compile();
  await module.init();
  return {
    module,
    close: async () => {
      await module.close();
      await database.drop();
    },
  };
}
