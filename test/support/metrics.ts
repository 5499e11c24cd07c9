/** One line of a scrape. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads Prometheus' text format as prom-client writes it. */
export function parseMetrics(text: string): MetricSample[] {
  return text.split('\n').flatMap((line): MetricSample[] => {
    const found = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/u.exec(line)?.groups;
    if (!found) return [];
    const labels = [...(found['labels'] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/gu)].map(([, label, value]) => [label, value]);
    return [{ name: found['name'] ?? '', labels: Object.fromEntries(labels) as Record<string, string>, value: Number(found['value']) }];
  });
}

/** The sum of the samples of a name whose labels contain these; null without one. */
export function valueOf(samples: readonly MetricSample[], name: string, labels: Readonly<Record<string, string>> = {}): number | null {
  const found = samples.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
}
