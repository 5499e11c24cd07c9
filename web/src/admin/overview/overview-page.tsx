import { api, bodyOf } from '../api.ts';
import { useRoute } from '../route.ts';
import { PageHead } from '../ui/page-head.tsx';
import { Unloaded } from '../ui/unloaded.tsx';
import { useLoaded } from '../../ui/use-loaded.ts';
import { AttentionCard } from './attention-card.tsx';
import { Charts } from './charts.tsx';
import { LatencyCard } from './latency-card.tsx';
import { LengthNav } from './length-nav.tsx';
import { periodsOf, toLength } from './period.ts';
import { RatingsCard } from './ratings-card.tsx';
import { RevenueCard } from './revenue-card.tsx';
import { Shares } from './shares.tsx';
import { Tiles } from './tiles.tsx';

async function load(days: string) {
  const { current, before } = periodsOf(toLength(days));
  const statsOf = (query: typeof current) => bodyOf(api.GET('/admin/stats', { params: { query } }));
  const [stats, previous, users] = await Promise.all([
    statsOf(current),
    statsOf(before),
    bodyOf(api.GET('/admin/stats/users', { params: { query: current } })),
  ]);
  return { stats, before: previous, users: users.data };
}

/** What needs a hand, and the statistics of a period beside those of the one before. */
export function OverviewPage() {
  const length = toLength(useRoute().query.get('days'));
  const { data, error, reload } = useLoaded(load, String(length));
  if (data === null) return <Unloaded title="Overview" error={error} reload={reload} />;
  return (
    <>
      <PageHead title="Overview">
        <LengthNav current={length} />
      </PageHead>
      <p className="problem" role="alert">
        {error?.message}
      </p>
      <AttentionCard />
      <Tiles {...data} />
      <div className="cards two">
        <Charts stats={data.stats} />
        <Shares stats={data.stats} users={data.users} />
        {data.stats.revenue.length > 0 && <RevenueCard revenue={data.stats.revenue} />}
        <RatingsCard stats={data.stats} />
        <LatencyCard stats={data.stats} />
      </div>
    </>
  );
}
