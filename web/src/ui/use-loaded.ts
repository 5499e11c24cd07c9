import { useCallback, useEffect, useRef, useState } from 'react';

export interface Loaded<Data> {
  /** Null until it is loaded. It stays while it is loaded again. */
  readonly data: Data | null;
  readonly error: Error | null;
  readonly reload: () => void;
}

interface Repetition<Data> {
  readonly intervalMs: number;
  readonly isWanted: (data: Data) => boolean;
}

type State<Data> = Omit<Loaded<Data>, 'reload'>;

const NOTHING: State<never> = { data: null, error: null };

/**
 * What the API answers. An answer that comes when something else was asked for is dropped; rows that are the same stay
 * the same objects, so that nothing is drawn again.
 *
 * @param load the same function at each call
 * @param asked what is asked for
 * @param repeat for what changes by itself; it goes on after an error, with what was loaded last
 */
export function useLoaded<Data>(load: (asked: string) => Promise<Data>, asked = '', repeat?: Repetition<Data>): Loaded<Data> {
  const [state, setState] = useState<State<Data>>(NOTHING);
  const last = useRef<State<Data>>(NOTHING);
  const turn = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const repetition = useRef(repeat);
  useEffect(() => {
    repetition.current = repeat;
  });

  const reload = useCallback(
    function loadAgain() {
      const mine = (turn.current += 1);
      clearTimeout(timer.current);
      const show = (next: (before: State<Data>) => State<Data>) => {
        if (mine !== turn.current) return;
        const { data } = (last.current = next(last.current));
        setState(last.current);
        if (data !== null && repetition.current?.isWanted(data)) timer.current = setTimeout(loadAgain, repetition.current.intervalMs);
      };
      load(asked).then(
        (data) => {
          show((before) => ({ data: JSON.stringify(before.data) === JSON.stringify(data) ? before.data : data, error: null }));
        },
        (cause: unknown) => {
          show(({ data }) => ({ data, error: cause instanceof Error ? cause : new Error(String(cause)) }));
        },
      );
    },
    [load, asked],
  );

  useEffect(() => {
    last.current = NOTHING;
    reload();
    return () => {
      turn.current += 1;
      clearTimeout(timer.current);
    };
  }, [reload]);
  return { ...state, reload };
}
