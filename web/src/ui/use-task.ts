import { useState } from 'react';

/** Something that a button starts: whether it goes on, and why it was refused. */
export interface Task {
  readonly isBusy: boolean;
  readonly error: Error | null;
  readonly run: (task: () => Promise<unknown>) => void;
}

export function useTask(): Task {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  return {
    isBusy,
    error,
    run: (task) => {
      setBusy(true);
      setError(null);
      void task()
        .catch((cause: unknown) => {
          setError(cause instanceof Error ? cause : new Error(String(cause)));
        })
        .finally(() => {
          setBusy(false);
        });
    },
  };
}
