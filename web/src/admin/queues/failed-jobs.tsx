import type { Queue } from '../api.ts';
import { count } from '../format.ts';
import { Moment } from '../ui/moment.tsx';

/** The newest failed jobs of a queue. */
export const FailedJobs = ({ jobs }: { jobs: Queue['failed_jobs'] }) =>
  jobs.length > 0 && (
    <ul className="jobs">
      {jobs.map(({ id, error, failed_at, attempts }) => (
        <li key={id}>
          <code>{id}</code>
          <p>{error}</p>
          <small>
            <Moment at={failed_at} /> · {count(attempts)} attempts
          </small>
        </li>
      ))}
    </ul>
  );
