import { hrefOf } from '../route.ts';
import { type Length, LENGTHS } from './period.ts';

/** Chooses how many days are shown. */
export const LengthNav = ({ current }: { current: Length }) => (
  <nav className="lengths" aria-label="Period">
    {LENGTHS.map((days) => (
      <a key={days} href={hrefOf('overview', { days: String(days) })} aria-current={days === current ? 'true' : undefined}>
        {days === 1 ? 'Today' : `${days} days`}
      </a>
    ))}
  </nav>
);
