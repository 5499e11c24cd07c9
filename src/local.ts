import 'reflect-metadata';
import { explainLocalFailure } from './apps/local/local-mode.error.js';
import { startLocal } from './apps/local/start-local.js';
import { runProcess } from './common/process.js';

await runProcess(startLocal, explainLocalFailure);
