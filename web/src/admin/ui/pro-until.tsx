import type { Entitlement } from '../api.ts';
import { Moment } from './moment.tsx';

/** Until when somebody has Pro, and whether it ends then. */
export const ProUntil = ({ active_until, cancel_at_period_end }: Pick<Entitlement, 'active_until' | 'cancel_at_period_end'>) => (
  <>
    {cancel_at_period_end && active_until !== null && <span className="ends">ends on </span>}
    <Moment at={active_until} />
  </>
);
