import type { Queue } from '../api.ts';
import { count } from '../format.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { ChangeButton } from '../ui/change-button.tsx';
import { Facts } from '../ui/facts.tsx';
import { Moment } from '../ui/moment.tsx';
import { retryOf, switchOf } from './changes.ts';
import { FailedJobs } from './failed-jobs.tsx';

interface QueueCardProps {
  readonly queue: Queue;
  readonly onChanged: () => void;
}

export const QueueCard = ({ queue, onChanged }: QueueCardProps) => (
  <Card
    title={
      <>
        {queue.name} <Badge word={queue.paused ? 'paused' : 'active'} />
      </>
    }
  >
    <Facts className="row" of={Object.entries(queue.counts).map(([state, number]) => [state, count(number)] as const)} />
    {queue.oldest_waiting_at !== null && (
      <p className="soft">
        The oldest job has waited since <Moment at={queue.oldest_waiting_at} />
      </p>
    )}
    <div className="actions changes">
      <ChangeButton change={switchOf(queue)} onDone={onChanged} />
      {queue.counts.failed > 0 && <ChangeButton change={retryOf(queue)} onDone={onChanged} />}
    </div>
    <FailedJobs jobs={queue.failed_jobs} />
  </Card>
);
