import { explainLocalFailure } from './apps/local/local-mode.error.js';
import { startDevelopment } from './apps/local/start-development.js';
import { runProcess } from './common/process.js';

await runProcess(startDevelopment, explainLocalFailure);
