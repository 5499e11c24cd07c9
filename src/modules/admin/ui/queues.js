import { get, post } from './api.js';
import { confirmed, notify } from './dialog.js';
import { failure, h, show } from './dom.js';
import { badge, count, time } from './format.js';

const AGAIN_MS = 3_000;

/** The present state of the queues. */
export function queues(main) {
  let timer = null;
  let isLeft = false;

  const change = (name, verb, question, done) =>
    h(
      'button',
      {
        class: question.isDangerous ? 'danger quiet' : 'quiet',
        onclick: async () => {
          if (!(await confirmed(question, () => post(`/admin/queues/${name}/${verb}`)))) return;
          notify(done);
          await load();
        },
      },
      question.action,
    );

  const card = ({ name, paused, counts, oldest_waiting_at, failed_jobs }) =>
    h(
      'section',
      { class: 'card' },
      h('h2', {}, name, ' ', badge(paused ? 'paused' : 'active')),
      h(
        'dl',
        { class: 'row' },
        Object.entries(counts).map(([state, number]) => h('div', {}, h('dt', {}, state), h('dd', {}, count(number)))),
      ),
      oldest_waiting_at && h('p', { class: 'more' }, 'The oldest job has waited since ', time(oldest_waiting_at)),
      h(
        'div',
        { class: 'actions wrap' },
        paused
          ? change(
              name,
              'resume',
              { title: `Resume ${name}?`, text: 'Workers start its jobs again.', action: 'Resume' },
              `${name} was resumed.`,
            )
          : change(
              name,
              'pause',
              { title: `Pause ${name}?`, text: 'No worker starts a job of it until it is resumed.', action: 'Pause', isDangerous: true },
              `${name} was paused.`,
            ),
        counts.failed > 0 &&
          change(
            name,
            'retry',
            { title: `Retry the failed jobs of ${name}?`, text: `${count(counts.failed)} jobs are retried.`, action: 'Retry failed' },
            `The failed jobs of ${name} are being retried.`,
          ),
      ),
      failed_jobs.length > 0 &&
        h(
          'ul',
          { class: 'jobs' },
          failed_jobs.map(({ id, error, failed_at, attempts }) =>
            h('li', {}, h('code', {}, id), h('p', {}, error), h('small', {}, time(failed_at), ` · ${count(attempts)} attempts`)),
          ),
        ),
    );

  /** Loads again after an error, too; until then the page shows the previous state. */
  const again = () =>
    void load().catch(() => {
      if (!isLeft) timer = setTimeout(again, AGAIN_MS);
    });

  async function load() {
    clearTimeout(timer);
    const { data } = await get('/admin/queues');
    if (isLeft) return;
    // An open dialog and the focus are kept.
    const focused = [...main.querySelectorAll('button')].indexOf(document.activeElement);
    show(main, h('header', {}, h('h1', {}, 'Queues')), h('div', { class: 'cards two' }, data.map(card)));
    main.querySelectorAll('button')[focused]?.focus();
    timer = setTimeout(again, AGAIN_MS);
  }
  const start = () => void load().catch((error) => isLeft || show(main, failure('Queues', error, start)));
  start();
  return () => {
    isLeft = true;
    clearTimeout(timer);
  };
}
