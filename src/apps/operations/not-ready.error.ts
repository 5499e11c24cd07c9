import { defineError } from '../../common/errors/app-error.js';
import type { KeyFault } from '../../integrations/stripe/index.js';

/** The dependencies of a process by name. */
export type Checks = Readonly<Record<string, 'ok' | 'unavailable' | KeyFault>>;

export class NotReadyError extends defineError({
  code: 'not_ready',
  kind: 'unavailable',
  title: 'The process accepts no requests',
  occurrence: ({ reason, checks }: { reason: 'draining' | 'dependency'; checks: Checks }) => {
    const failing = Object.keys(checks).filter((name) => checks[name] !== 'ok');
    return {
      detail: reason === 'draining' ? 'The process is stopping.' : `Not reachable: ${failing.join(', ')}.`,
      members: { reason, checks },
      retryAfterSeconds: 2,
    };
  },
  example: { reason: 'dependency', checks: { postgresql: 'unavailable' } },
}) {}
