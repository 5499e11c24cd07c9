import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { type Context, context, diag, DiagLogLevel, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { RepeatedError } from '../logging/repeated-error.js';
import { errorTypeOf, type Span, type SpanOptions, type Tracer } from './tracing.js';

/** The time that a stopping process waits for the receiver. */
const CLOSE_MS = 5_000;
const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER, internal: SpanKind.INTERNAL };
/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/**
 * Opens OpenTelemetry. Sampling, names and headers follow its standard variables: OTEL_TRACES_SAMPLER,
 * OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_EXPORTER_OTLP_HEADERS and the rest.
 *
 * @param options.endpoint the base address of an OTLP receiver that takes JSON over HTTP
 */
export function openTelemetry({ endpoint, serviceName }: { readonly endpoint: string; readonly serviceName: string }): Tracer {
  const failures = new RepeatedError(new Logger('Tracing'));
  const note = (message: string) => {
    failures.log(`spans could not be sent: ${message}`);
  };
  diag.setLogger(
    { error: note, warn: () => undefined, info: () => undefined, debug: () => undefined, verbose: () => undefined },
    DiagLogLevel.ERROR,
  );
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': serviceName }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: new URL('v1/traces', endpoint.replace(/\/*$/, '/')).href }))],
  });
  provider.register();
  const tracer = provider.getTracer('gemini-chat');
  return {
    start: (name, options) => begin(tracer.startSpan.bind(tracer), name, options),
    traceparent: () => {
      const current = trace.getSpanContext(context.active());
      if (current === undefined) return null;
      return `00-${current.traceId}-${current.spanId}-${current.traceFlags.toString(16).padStart(2, '0')}`;
    },
    close: async () => {
      await Promise.race([provider.shutdown().catch(() => undefined), sleep(CLOSE_MS, undefined, { ref: false })]);
    },
  };
}

function begin(
  startSpan: ReturnType<typeof trace.getTracer>['startSpan'],
  name: string,
  { kind = 'internal', parent, attributes = {} }: SpanOptions,
): Span {
  const around = parent === undefined ? context.active() : contextOf(parent);
  const span = startSpan(name, { kind: KINDS[kind], attributes }, around);
  return {
    run: (work) => context.with(trace.setSpan(around, span), work),
    set: (given) => {
      span.setAttributes(given);
    },
    end: (error) => {
      if (error !== undefined) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.setAttribute('error.type', errorTypeOf(error));
      }
      span.end();
    },
  };
}

/** A text that is none begins a new trace. */
function contextOf(traceparent: string | null): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true });
}
