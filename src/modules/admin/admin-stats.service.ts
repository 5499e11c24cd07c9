import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { ValidationFailedError } from '../../common/errors/common.errors.js';
import { type Amount, type Revenue, RevenueService } from '../billing/index.js';
import {
  type FeedbackCounts,
  FeedbackService,
  type HourTotal,
  type ModelLatencies,
  type ModelTotal,
  percentile,
  StatsRepository,
} from '../messages/index.js';
import { type ActiveUsers, AdminStatsRepository, type SignUps, type StatusCount, type UserStats } from './admin-stats.repository.js';
import { type UserCost, UserCostsRepository } from './user-costs.repository.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 366;
const USERS_LISTED = 10;
/** Administrators compare each of a few periods with the one before it. */
const SETTLED_PERIODS = 16;
const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

/** Milliseconds; null where nothing was measured. */
export type Percentiles = Readonly<Record<keyof typeof QUANTILES, number | null>>;

export interface ModelStats {
  readonly model: string;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly searches: number;
  readonly costMicros: number;
  readonly firstToken: Percentiles;
  /** Only replies with thoughts count. */
  readonly firstThought: Percentiles;
  readonly total: Percentiles;
}

export interface Stats {
  readonly from: Date;
  readonly to: Date;
  readonly users: UserStats;
  readonly activeUsers: readonly ActiveUsers[];
  readonly signUps: readonly SignUps[];
  readonly messages: number;
  readonly replies: { readonly completed: number; readonly failed: number; readonly blocked: number; readonly cancelled: number };
  /** Attempts that gave no reply and were followed by another attempt. */
  readonly retries: number;
  readonly days: readonly (Omit<HourTotal, 'hour'> & { readonly day: string })[];
  readonly firstToken: Percentiles;
  /** Only replies with thoughts count. */
  readonly firstThought: Percentiles;
  readonly total: Percentiles;
  readonly models: readonly ModelStats[];
  readonly costMicros: number;
  readonly failures: readonly { readonly code: string; readonly count: number }[];
  readonly feedback: readonly FeedbackCounts[];
  readonly subscriptions: readonly StatusCount[];
  readonly grants: number;
  readonly monthlyRevenue: Amount | null;
  readonly revenue: readonly Revenue[];
}

interface Range {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

/** The roll-ups of a period. */
interface Counts {
  readonly totals: readonly ModelTotal[];
  readonly hours: readonly HourTotal[];
  readonly latencies: ReadonlyMap<string, ModelLatencies>;
}

/** Statistics of the service. They come from roll-ups, so their cost does not grow with the number of messages. */
@Injectable()
export class AdminStatsService {
  /** The finished hours of the periods that were asked for last: they do not change any more. */
  private readonly settled = new LRUCache<string, Promise<Counts>>({ max: SETTLED_PERIODS });

  constructor(
    private readonly statistics: StatsRepository,
    private readonly stats: AdminStatsRepository,
    private readonly revenue: RevenueService,
    private readonly feedback: FeedbackService,
    private readonly userCosts: UserCostsRepository,
  ) {}

  /**
   * @param range rounded to whole hours, the hour of `to` included. `to` defaults to now, `from` to the beginning of
   *   the 30 UTC days up to `to`
   * @throws ValidationFailedError for a `from` after `to`, and for a range of more than 366 days
   */
  async getStats(range: Range): Promise<Stats> {
    const { from, to } = period(range);
    const [firstDay, lastDay] = [toDay(from), toDay(new Date(to.getTime() - 1))];
    const [users, activeUsers, signUps, subscriptions, grants, revenue, feedback, { totals, hours, latencies }] = await Promise.all([
      this.stats.countUsers(from, to),
      this.stats.listActiveUsers(firstDay, lastDay),
      this.stats.listSignUps(firstDay, lastDay),
      this.stats.countSubscriptions(),
      this.stats.countLiveGrants(),
      this.revenue.getRevenue(from, to),
      this.feedback.countByDay(firstDay, lastDay),
      this.count(from, to),
    ]);
    const ofReplies = (outcome: ModelTotal['outcome']) =>
      sum(totals.filter((row) => row.purpose === 'reply' && row.outcome === outcome).map(({ count }) => count));
    const all = merge([...latencies.values()]);
    return {
      from,
      to,
      users,
      activeUsers,
      signUps,
      messages: ofReplies('accepted'),
      replies: {
        completed: ofReplies('completed'),
        failed: ofReplies('failed'),
        blocked: ofReplies('blocked'),
        cancelled: ofReplies('cancelled'),
      },
      retries: ofReplies('retried'),
      days: byDay(hours),
      firstToken: percentiles(all.firstToken),
      firstThought: percentiles(all.firstThought),
      total: percentiles(all.total),
      models: byModel(totals, latencies),
      feedback,
      costMicros: sum(totals.map(({ cost_micros }) => cost_micros)),
      failures: failuresOf(totals),
      subscriptions,
      grants,
      revenue,
      monthlyRevenue: await this.revenue.getMonthlyRevenue(revenue),
    };
  }

  /**
   * The ten users whose replies cost the most, on the UTC days of the range.
   *
   * @param range as for `getStats`
   * @throws ValidationFailedError
   */
  listUserCosts(range: Range): Promise<UserCost[]> {
    const { from, to } = period(range);
    return this.userCosts.list(toDay(from), toDay(new Date(to.getTime() - 1)), USERS_LISTED);
  }

  private async count(from: Date, to: Date): Promise<Counts> {
    // A reply that began in an hour may still be on its way into the database for another hour.
    const settledUntil = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
    const cut = new Date(Math.min(to.getTime(), Math.max(from.getTime(), settledUntil)));
    const [before, after] = await Promise.all([this.countSettled(from, cut), this.read(cut, to)]);
    const models = new Set([...before.latencies.keys(), ...after.latencies.keys()]);
    return {
      totals: [...before.totals, ...after.totals],
      hours: [...before.hours, ...after.hours],
      latencies: new Map(
        [...models].map((model) => [
          model,
          merge([before.latencies.get(model), after.latencies.get(model)].filter((one) => one !== undefined)),
        ]),
      ),
    };
  }

  private countSettled(from: Date, to: Date): Promise<Counts> {
    const key = `${from.toISOString()} ${to.toISOString()}`;
    const known = this.settled.get(key);
    if (known) return known;
    const counts = this.read(from, to);
    this.settled.set(key, counts);
    // A failed query is repeated by the next request.
    counts.catch(() => {
      if (this.settled.peek(key) === counts) this.settled.delete(key);
    });
    return counts;
  }

  private async read(from: Date, to: Date): Promise<Counts> {
    const [totals, hours, latencies] = await Promise.all([
      this.statistics.totals({ from, to }),
      this.statistics.hours({ from, to }),
      this.statistics.latencies({ from, to }),
    ]);
    return { totals, hours, latencies };
  }
}

function period(range: Range): { from: Date; to: Date } {
  const end = range.to ?? new Date();
  const to = new Date(Math.floor(end.getTime() / HOUR_MS) * HOUR_MS + HOUR_MS);
  const from = range.from ?? new Date(Date.parse(toDay(end)) - (DEFAULT_DAYS - 1) * DAY_MS);
  if (from > end) throw new ValidationFailedError([{ field: 'from', message: 'from must not be after to' }]);
  if (to.getTime() - from.getTime() > MAX_DAYS * DAY_MS) {
    throw new ValidationFailedError([{ field: 'from', message: `from must be less than ${MAX_DAYS} days before to` }]);
  }
  return { from: new Date(Math.floor(from.getTime() / HOUR_MS) * HOUR_MS), to };
}

const toDay = (time: Date): string => time.toISOString().slice(0, 10);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function byDay(hours: readonly HourTotal[]): Stats['days'] {
  const days = new Map<string, Omit<HourTotal, 'hour'> & { day: string }>();
  for (const { hour, ...row } of hours) {
    const day = toDay(hour);
    const known = days.get(day);
    days.set(day, {
      day,
      accepted: row.accepted + (known?.accepted ?? 0),
      completed: row.completed + (known?.completed ?? 0),
      failed: row.failed + (known?.failed ?? 0),
      blocked: row.blocked + (known?.blocked ?? 0),
      cancelled: row.cancelled + (known?.cancelled ?? 0),
      tokens: row.tokens + (known?.tokens ?? 0),
      cost_micros: row.cost_micros + (known?.cost_micros ?? 0),
    });
  }
  return [...days.values()];
}

/** All calls of a model: for replies, titles and summaries. */
function byModel(totals: readonly ModelTotal[], latencies: ReadonlyMap<string, ModelLatencies>): ModelStats[] {
  return [...new Set(totals.map(({ model }) => model))].sort().map((model) => {
    const rows = totals.filter((row) => row.model === model && row.outcome !== 'accepted');
    return {
      model,
      calls: sum(rows.map(({ count }) => count)),
      inputTokens: sum(rows.map(({ input_tokens }) => input_tokens)),
      outputTokens: sum(rows.map(({ output_tokens }) => output_tokens)),
      reasoningTokens: sum(rows.map(({ reasoning_tokens }) => reasoning_tokens)),
      searches: sum(rows.map(({ searches }) => searches)),
      costMicros: sum(rows.map(({ cost_micros }) => cost_micros)),
      firstToken: percentiles(latencies.get(model)?.firstToken ?? []),
      firstThought: percentiles(latencies.get(model)?.firstThought ?? []),
      total: percentiles(latencies.get(model)?.total ?? []),
    };
  });
}

/** Failed replies by error code, the most frequent code first. */
function failuresOf(totals: readonly ModelTotal[]): { code: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { purpose, outcome, reason, count } of totals) {
    if (purpose === 'reply' && outcome === 'failed') counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  return [...counts].map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count);
}

const merge = (all: readonly ModelLatencies[]): ModelLatencies => ({
  firstToken: addUp(all.map(({ firstToken }) => firstToken)),
  firstThought: addUp(all.map(({ firstThought }) => firstThought)),
  total: addUp(all.map(({ total }) => total)),
});

const addUp = (histograms: readonly (readonly number[])[]): number[] =>
  (histograms[0] ?? []).map((_, i) => sum(histograms.map((histogram) => histogram[i] ?? 0)));

const percentiles = (counts: readonly number[]): Percentiles => ({
  p50: percentile(counts, QUANTILES.p50),
  p90: percentile(counts, QUANTILES.p90),
  p95: percentile(counts, QUANTILES.p95),
  p99: percentile(counts, QUANTILES.p99),
});
