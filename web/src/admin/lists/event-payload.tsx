import type { WebhookEvent } from '../api.ts';

/** An event's payload, collapsed under the id of its object. */
export function EventPayload({ payload }: Pick<WebhookEvent, 'payload'>) {
  if (payload === null) return '–';
  const { data } = payload as { data?: { object?: { id?: string } } };
  return (
    <details>
      <summary>{data?.object?.id ?? 'Show'}</summary>
      <pre className="content" tabIndex={0} role="group" aria-label="Payload">
        {JSON.stringify(payload, null, 2)}
      </pre>
    </details>
  );
}
