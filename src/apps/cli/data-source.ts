import { DataSource } from 'typeorm';
import { migrations } from '../../../migrations/index.js';
import { loadConfig } from '../../config/env.js';
import { dataSourceOptions, openPool } from '../../database/pool.js';
import { entities } from './entities.js';

const { DATABASE_URL } = loadConfig({ required: ['DATABASE_URL'] });

/** The data source of TypeORM's own commands: `npm run migration:generate`, `npm run migration:revert`. */
export const dataSource = new DataSource({
  ...dataSourceOptions(openPool({ url: DATABASE_URL ?? '', poolSize: 2, applicationName: 'gemini-chat typeorm' })),
  entities: [...entities],
  migrations: [...migrations],
  migrationsTransactionMode: 'each',
});
