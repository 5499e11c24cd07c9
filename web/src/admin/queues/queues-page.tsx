import { api, bodyOf } from '../api.ts';
import { PageHead } from '../ui/page-head.tsx';
import { Unloaded } from '../ui/unloaded.tsx';
import { useLoaded } from '../../ui/use-loaded.ts';
import { QueueCard } from './queue-card.tsx';

const load = () => bodyOf(api.GET('/admin/queues'));
/** The state of the queues changes all the time. */
const ALWAYS = { intervalMs: 3_000, isWanted: () => true };

/** The present state of the queues. */
export function QueuesPage() {
  const { data, error, reload } = useLoaded(load, '', ALWAYS);
  if (data === null) return <Unloaded title="Queues" error={error} reload={reload} />;
  return (
    <>
      <PageHead title="Queues" />
      <div className="cards two">
        {data.data.map((queue) => (
          <QueueCard key={queue.name} queue={queue} onChanged={reload} />
        ))}
      </div>
    </>
  );
}
