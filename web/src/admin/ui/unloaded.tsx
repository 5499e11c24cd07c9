import { Loading } from '../../ui/loading.tsx';
import { LoadProblem } from '../../ui/load-problem.tsx';
import type { Loaded } from '../../ui/use-loaded.ts';
import { PageHead } from './page-head.tsx';

/** A page until it is loaded, or when it could not be. */
export const Unloaded = ({ title, error, reload }: { title: string } & Pick<Loaded<unknown>, 'error' | 'reload'>) =>
  error === null ? (
    <Loading label="Loading" />
  ) : (
    <>
      <PageHead title={title} />
      <LoadProblem error={error} reload={reload} />
    </>
  );
