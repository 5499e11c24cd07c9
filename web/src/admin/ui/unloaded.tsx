import { Button } from 'react-aria-components';
import { Loading } from '../../ui/loading.tsx';
import type { Loaded } from '../use-loaded.ts';
import { PageHead } from './page-head.tsx';

/** A page until it is loaded, or when it could not be. */
export const Unloaded = ({ title, error, reload }: { title: string } & Pick<Loaded<unknown>, 'error' | 'reload'>) =>
  error === null ? (
    <Loading label="Loading" />
  ) : (
    <>
      <PageHead title={title} />
      <p className="problem" role="alert">
        {error.message}
      </p>
      <Button className="button" onPress={reload}>
        Retry
      </Button>
    </>
  );
