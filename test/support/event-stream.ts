/** An event of a reply's stream, as a client gets it. */
export interface ReceivedEvent {
  readonly id: string;
  /** Decoded; the text itself for `[DONE]`. */
  readonly data: { readonly type: string; readonly [member: string]: unknown } | string;
}

/** Reads server-sent events until the connection ends, is cut (`wasCut`) or `until` says that it was enough. */
export async function readEvents(
  response: Response,
  until: (event: ReceivedEvent, all: readonly ReceivedEvent[]) => boolean = () => false,
): Promise<{ events: ReceivedEvent[]; wasCut: boolean }> {
  const events: ReceivedEvent[] = [];
  if (!response.body) return { events, wasCut: false };
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { events, wasCut: false };
      rest += decoder.decode(value, { stream: true });
      const frames = rest.split('\n\n');
      rest = frames.pop() ?? '';
      for (const frame of frames) {
        const event = parse(frame);
        if (!event) continue;
        events.push(event);
        if (until(event, events)) {
          await reader.cancel();
          return { events, wasCut: false };
        }
      }
    }
  } catch {
    return { events, wasCut: true };
  }
}

function parse(frame: string): ReceivedEvent | null {
  const fields = new Map(frame.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
  const data = fields.get('data');
  if (data === undefined) return null;
  return { id: fields.get('id') ?? '', data: data.startsWith('{') ? (JSON.parse(data) as { type: string }) : data };
}

export const typesOf = (events: readonly ReceivedEvent[]): string[] =>
  events.map(({ data }) => (typeof data === 'string' ? data : data.type));

/** The types with repeated deltas as one. */
export const shapeOf = (events: readonly ReceivedEvent[]): string[] =>
  typesOf(events).filter((type, i, all) => type !== 'text-delta' || all[i - 1] !== 'text-delta');

/** The deltas of the text since the last reset, joined. */
export const textOf = (events: readonly ReceivedEvent[]): string => joined(events, 'text-delta');
export const thoughtsOf = (events: readonly ReceivedEvent[]): string => joined(events, 'reasoning-delta');

function joined(events: readonly ReceivedEvent[], type: string): string {
  let text = '';
  for (const { data } of events) {
    if (typeof data === 'string') continue;
    if (data.type === 'reset-step') text = '';
    if (data.type === type) text += data['delta'] as string;
  }
  return text;
}

/** True when each id comes after the one before it. */
export function idsRise(events: readonly ReceivedEvent[]): boolean {
  const places = events.map(({ id }) => id.split('-').map(Number));
  return places.every(([attempt = 0, n = 0], i) => {
    const [lastAttempt = -1, lastN = -1] = places[i - 1] ?? [];
    return attempt > lastAttempt || (attempt === lastAttempt && n > lastN);
  });
}
