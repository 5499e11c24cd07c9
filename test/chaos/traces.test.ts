import { pathToFileURL } from 'node:url';
import type { LogLine } from '../support/captured-log.js';
import { type ApiProcess, type Cluster, startCluster } from '../support/cluster.js';
import { createClusterUser } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import type { ManagedProcess } from '../support/managed-process.js';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.js';
import { until } from '../support/until.js';

let receiver: OtlpReceiver;
let cluster: Cluster;

/** Tells on standard error which modules of OpenTelemetry's SDK the process loads. */
const WATCH = { NODE_OPTIONS: `--import=${pathToFileURL('test/support/watch-modules.mjs').href}` };

describeOn('redis', 'the spans of processes', () => {
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    cluster = await startCluster({
      apis: 1,
      workers: 1,
      settings: { LOG_LEVEL: 'info', REPLY_RETRY_DELAY: '50ms', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, DRAIN_DELAY_SECONDS: '0' },
      apiEnvironment: WATCH,
    });
  });

  afterAll(async () => {
    await cluster.close();
    receiver.close();
  });

  const lines = ({ output }: ManagedProcess): LogLine[] =>
    output.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine);

  test('a message whose model fails twice is one trace and one request id, from the POST over the queue to the end of its reply', async () => {
    const [api, worker] = [cluster.apis[0], cluster.workers[0]];
    if (!api || !worker) throw new Error('the cluster is empty');
    const { token } = await createClusterUser(api.client, cluster.postgres);
    const { body: room } = await api.client.post<{ id: string }>('/chatroom', { token, body: { name: 'A room' } });
    const sent = await api.client.post<{ reply: { id: string } }>(`/chatroom/${room.id}/message`, {
      token,
      headers: { 'x-request-id': 'one-message' },
      body: { content: 'Hello [[error-503 x2]]' },
    });
    expect(sent.status).toBe(202);
    const ofRequest = (process: ManagedProcess) => lines(process).filter((line) => line['request_id'] === 'one-message');
    await until('the reply is finished', () => ofRequest(worker).some(({ msg }) => msg === 'reply finished'));
    expect([await api.process.terminate(), await worker.terminate()]).toEqual([0, 0]);

    const post = receiver.spans.find(({ name, attributes }) => name.startsWith('POST ') && attributes['request_id'] === 'one-message');
    if (post === undefined) throw new Error('the POST has no span');
    const trace = receiver.spans.filter(({ traceId }) => traceId === post.traceId).sort((a, b) => Number(a.start - b.start));
    const childrenOf = (span: ReceivedSpan) => trace.filter(({ parentSpanId }) => parentSpanId === span.spanId);
    const attempts = trace.filter(({ name }) => name === 'reply attempt');
    expect(post).toMatchObject({
      name: 'POST /chatroom/:chatroom_id/message',
      service: 'gemini-chat-api',
      attributes: { 'http.response.status_code': 202 },
    });
    expect(attempts.map(({ service, attributes }) => [service, attributes['attempt']])).toEqual(
      [1, 2, 3].map((n) => ['gemini-chat-worker', n]),
    );
    expect(
      attempts.map((attempt) =>
        childrenOf(attempt)
          .filter(({ name }) => name === 'generate_content')
          .map(({ failed }) => failed),
      ),
    ).toEqual([[true], [true], [false]]);
    expect(trace.find(({ failed }) => failed)?.attributes).toMatchObject({ status: 503, reason: 'UNAVAILABLE', code: 'model_overloaded' });
    const names = trace.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['messages_accept', 'replies_release', 'replies_finish']));

    const ids = { request_id: 'one-message', trace_id: post.traceId };
    expect(ofRequest(api.process)).toMatchObject([{ ...ids, msg: 'request', status: 202 }]);
    expect(ofRequest(worker)).toMatchObject([
      { ...ids, msg: 'a call of the model failed', attempt: 1, status: 503, reason: 'UNAVAILABLE' },
      { ...ids, msg: 'a call of the model failed', attempt: 2, status: 503, reason: 'UNAVAILABLE' },
      { ...ids, msg: 'reply finished', attempt: 3, status: 'completed' },
    ]);
    if (process.env['SHOW_TRACE'] === '1') show(api, worker, trace);
  });

  test('OpenTelemetry is loaded only where OTEL_EXPORTER_OTLP_ENDPOINT is set', async () => {
    const traced = cluster.apis[0]?.process.output ?? [];
    expect(traced.filter((line) => line.startsWith('loaded '))).toEqual(expect.arrayContaining(['loaded @opentelemetry/sdk-trace-node']));
    const untraced = await startCluster({ apis: 1, workers: 0, apiEnvironment: WATCH });
    try {
      expect(untraced.apis[0]?.process.output.filter((line) => line.startsWith('loaded '))).toEqual([]);
    } finally {
      await untraced.close();
    }
  });

  /** What docs/operations.md shows. */
  function show(api: ApiProcess, worker: ManagedProcess, trace: readonly ReceivedSpan[]): void {
    const depth = (span: ReceivedSpan): number => {
      const parent = trace.find(({ spanId }) => spanId === span.parentSpanId);
      return parent === undefined ? 0 : 1 + depth(parent);
    };
    const text = trace.map(
      (span) =>
        `${'  '.repeat(depth(span))}${span.name} (${span.service})${span.failed ? ' failed' : ''} ${JSON.stringify(span.attributes)}`,
    );
    globalThis.process.stdout.write(`${[...api.process.output, ...worker.output, ...text].join('\n')}\n`);
  }
});
