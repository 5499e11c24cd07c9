import { Button } from 'react-aria-components';
import type { Status } from '../api/client.ts';

interface DayMeterProps {
  readonly status: Status | null;
  readonly onUpgrade: () => void;
}

/** What is left of the day's messages. Pro has no daily limit. */
export function DayMeter({ status, onUpgrade }: DayMeterProps) {
  if (status === null) return <p className="day-meter" />;
  const { daily_limit: limit, remaining_today: left } = status;
  if (limit === null || left === null) return <p className="day-meter soft">Pro · no daily limit</p>;
  return (
    <div className="day-meter">
      <label>
        <span>{left === 0 ? 'No messages left today' : `${left} of ${limit} left today`}</span>
        <meter min={0} max={limit} low={1} value={left} />
      </label>
      <Button className="button small" onPress={onUpgrade}>
        Upgrade
      </Button>
    </div>
  );
}
