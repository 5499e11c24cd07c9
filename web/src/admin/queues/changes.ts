import { api, bodyOf, type Queue } from '../api.ts';
import { count } from '../format.ts';
import type { Change } from '../ui/change-button.tsx';

/** Pauses a queue, or resumes it. */
export function switchOf({ name, paused }: Queue): Change {
  const params = { path: { name } };
  return paused
    ? {
        button: 'Resume',
        title: `Resume ${name}?`,
        text: 'Workers start its jobs again.',
        action: 'Resume',
        act: async () => {
          await bodyOf(api.POST('/admin/queues/{name}/resume', { params }));
          return `${name} was resumed.`;
        },
      }
    : {
        button: 'Pause',
        title: `Pause ${name}?`,
        text: 'No worker starts a job of it until it is resumed.',
        action: 'Pause',
        isDangerous: true,
        act: async () => {
          await bodyOf(api.POST('/admin/queues/{name}/pause', { params }));
          return `${name} was paused.`;
        },
      };
}

export const retryOf = ({ name, counts }: Queue): Change => ({
  button: 'Retry failed',
  title: `Retry the failed jobs of ${name}?`,
  text: `${count(counts.failed)} jobs are retried.`,
  action: 'Retry failed',
  act: async () => {
    await bodyOf(api.POST('/admin/queues/{name}/retry', { params: { path: { name } } }));
    return `The failed jobs of ${name} are being retried.`;
  },
});
