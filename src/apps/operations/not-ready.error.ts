import { AppError } from '../../common/errors/app-error.js';

/** The dependencies of a process by name. */
export type Checks = Readonly<Record<string, 'ok' | 'unavailable'>>;

export class NotReadyError extends AppError {
  static override readonly code = 'not_ready';
  static override readonly kind = 'unavailable';
  static override readonly title = 'The process takes no requests now';

  constructor(reason: 'draining' | 'dependency' = 'dependency', checks: Checks = { postgresql: 'unavailable' }) {
    const failing = Object.keys(checks).filter((name) => checks[name] !== 'ok');
    super(reason === 'draining' ? 'The process is stopping.' : `Not reachable: ${failing.join(', ')}.`, { reason, checks }, 2);
  }
}
