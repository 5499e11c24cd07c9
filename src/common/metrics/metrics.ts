import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { OptionalPart } from '../optional-part.js';

/** A scrape never waits longer than this for a reader; what was not read by then is left out. */
const READ_DEADLINE_MS = 3_000;
/** What is read from the database or a queue is read at most once in this time, however often a process is scraped. */
const FRESH_MS = 5_000;

/** Default metrics of prom-client that are gauges and carry the suffix of a counter; their parts by type are kept. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Upper bounds in seconds for what lasts from moments to minutes. */
export const SECONDS_TO_MINUTES = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 900];

/** One value of a gauge, in the gauge's unit. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A number for a gauge without labels; null leaves the gauge out. */
export type Samples = number | null | readonly Sample[];

interface GaugeDescription {
  readonly help: string;
  readonly labels?: readonly string[];
}

/**
 * The metrics of this process for Prometheus. Labels have few values, which no user chooses. A gauge whose name begins
 * with `service_` says the same in every process, so that queries take its maximum and never its sum.
 */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  readonly contentType = this.registry.contentType;

  readonly httpDuration = this.histogram(
    'http_request_duration_seconds',
    'Time from the request to the end of its answer.',
    ['method', 'route', 'status'],
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    for (const name of MISNAMED) this.registry.removeSingleMetric(name);
  }

  /** The counter of this name, which all applications of the process share. */
  counter<Label extends string>(name: `${string}_total`, help: string, labelNames: readonly Label[]): Counter<Label> {
    const known = this.registry.getSingleMetric(name) as Counter<Label> | undefined;
    return known ?? new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  /** The histogram of this name, which all applications of the process share. */
  histogram<Label extends string>(
    name: `${string}_seconds`,
    help: string,
    labelNames: readonly Label[],
    buckets: readonly number[] = SECONDS_TO_MINUTES,
  ): Histogram<Label> {
    const known = this.registry.getSingleMetric(name) as Histogram<Label> | undefined;
    return known ?? new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [this.registry] });
  }

  /** Adds gauges of this process, which are read together at each scrape. */
  observe<Name extends string>(
    gauges: Readonly<Record<Name, GaugeDescription>>,
    read: () => Readonly<Record<Name, Samples>> | Promise<Readonly<Record<Name, Samples>>>,
  ): void {
    this.addGauges(gauges, async () => read());
  }

  /** Adds gauges of the whole service, which are read together, and at most once in five seconds. */
  observeService<Name extends `service_${string}`>(
    gauges: Readonly<Record<Name, GaugeDescription>>,
    read: () => Promise<Readonly<Record<Name, Samples>>>,
  ): void {
    const part = new OptionalPart({ deadlineMs: READ_DEADLINE_MS, pauseMs: FRESH_MS });
    let reading: Promise<Readonly<Record<Name, Samples>> | null> | null = null;
    let readAt = 0;
    this.addGauges(gauges, () => {
      if (reading === null || performance.now() - readAt > FRESH_MS) {
        readAt = performance.now();
        reading = part.attempt(read).then((result) => result?.value ?? null);
      }
      return reading;
    });
  }

  /** @param read null or an error leaves the gauges out */
  private addGauges<Name extends string>(
    gauges: Readonly<Record<Name, GaugeDescription>>,
    read: () => Promise<Readonly<Record<Name, Samples>> | null>,
  ): void {
    for (const [name, { help, labels = [] }] of Object.entries(gauges) as [Name, GaugeDescription][]) {
      this.registry.removeSingleMetric(name);
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [this.registry],
        async collect() {
          const samples: number | readonly Sample[] = (await read().catch(() => null))?.[name] ?? [];
          this.reset();
          // prom-client gives a gauge without labels the value 0.
          if (labels.length === 0) this.remove();
          if (typeof samples === 'number') this.set(samples);
          else for (const sample of samples) this.set(sample.labels, sample.value);
        },
      });
    }
  }

  /** The metrics in the text format of Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}

/** Samples of a gauge with one label, by the label's value. */
export const samplesBy = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([value, number]) => ({ labels: { [label]: value }, value: number }));
