import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../../database/database.js';
import { DatabaseStore } from './database-store.js';
import { ObjectPieceEntity } from './object-piece.entity.js';
import { ObjectStore } from './object-store.js';

@Module({
  imports: [TypeOrmModule.forFeature([ObjectPieceEntity])],
  providers: [{ provide: ObjectStore, inject: [InjectConfig.TOKEN, Database], useFactory: createObjectStore }],
  exports: [ObjectStore],
})
export class ObjectStoreModule {}

async function createObjectStore(config: Config, database: Database): Promise<ObjectStore> {
  if (config.ATTACHMENT_STORE === 'database') return new DatabaseStore(database);
  // The SDK takes its time and memory to load.
  const { S3Store } = await import('./s3-store.js');
  return new S3Store({
    endpoint: config.S3_ENDPOINT,
    region: config.S3_REGION,
    bucket: config.S3_BUCKET ?? '',
    accessKeyId: config.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: config.S3_SECRET_ACCESS_KEY ?? '',
  });
}
