import { currentTracer, useTracer } from '../common/tracing/tracing.js';
import type { Config } from '../config/env.js';

/** Traces this process where OTEL_EXPORTER_OTLP_ENDPOINT is set; nothing of OpenTelemetry is loaded otherwise. */
export async function startTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Config, process: 'api' | 'worker'): Promise<void> {
  // In the local mode API and worker are one process.
  if (endpoint === undefined || currentTracer() !== null) return;
  const { openTelemetry } = await import('../common/tracing/open-telemetry.js');
  useTracer(openTelemetry({ endpoint, serviceName: `gemini-chat-${process}` }));
}

/** Sends what is left, for a bounded time. */
export async function stopTracing(): Promise<void> {
  const tracer = currentTracer();
  useTracer(null);
  await tracer?.close();
}
