import { runProcess } from '../../common/process.js';
import { loadConfig } from '../../config/env.js';
import { migrate } from '../../database/migrate.js';
import { explainStartFailure } from '../explain-start-failure.js';

await runProcess(async () => {
  const { DATABASE_URL } = loadConfig({ required: ['DATABASE_URL'] });
  const names = await migrate(DATABASE_URL ?? '');
  process.stdout.write(names.length === 0 ? 'The schema is up to date.\n' : `Applied ${names.join(', ')}.\n`);
  process.exit(0);
}, explainStartFailure);
