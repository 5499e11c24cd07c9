import { Button } from 'react-aria-components';
import type { Loaded } from './use-loaded.ts';

/** Says why something could not be loaded, and loads it again. Nothing while all is well. */
export const LoadProblem = ({ error, reload }: Pick<Loaded<unknown>, 'error' | 'reload'>) =>
  error !== null && (
    <>
      <p className="problem" role="alert">
        {error.message}
      </p>
      <Button className="button" onPress={reload}>
        Retry
      </Button>
    </>
  );
