import { download, get } from './api.js';
import { notify } from './dialog.js';
import { h, show } from './dom.js';

/** Interval at which a list with unsettled rows is loaded again. */
const AGAIN_MS = 1_000;

/** `#/users?role=admin` is the path `users` with the filter `role`. */
export const linkTo = (path, filters = {}) => {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== '' && value !== undefined));
  return `#/${path}${query.size > 0 ? `?${query}` : ''}`;
};

const toQuery = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== '' && value !== null)).toString();

function toField({ name, label, options, type = 'search', hint }, value) {
  const control = options
    ? h(
        'select',
        { name },
        options.map(([word, text]) => h('option', { value: word, selected: word === value }, text)),
      )
    : h('input', { name, type, value, placeholder: hint ?? '', autocomplete: 'off', spellcheck: 'false' });
  return h('label', {}, label, control);
}

const NO_CONTENT = 'What users wrote is not shown here: the setting ADMIN_READS_CONTENT does not allow it.';

const isRefusedContent = (error, { content }) => content === 'true' && error.problem?.code === 'forbidden';

/**
 * A list with filters, pages and an optional export. The filters are part of the page's address.
 *
 * @param {object} list
 * @param {string} list.title
 * @param {string} list.path of the page
 * @param {string} list.source of the data
 * @param {object[]} [list.filters] name, label, and options or a type
 * @param {object[]} list.columns name, `of(row, reload)` for the cell, and isNumber or isLong
 * @param {(row: object) => unknown} [list.detail] content that is too long for a column, shown below the row
 * @param {(row: object) => boolean} [list.isUnsettled] whether the row will change soon
 * @param {string} [list.csv] the address of its export
 * @param {(filters: object, reload: () => void) => unknown} [list.actions] beside the title
 * @param {string} list.empty text of a list without rows
 */
export function listView({ title, path, source, filters = [], columns, detail, isUnsettled = () => false, csv, actions, empty }) {
  return (main, given) => {
    const values = Object.fromEntries(filters.map(({ name }) => [name, given.get(name) ?? '']));
    /** The cursors of the pages up to this one. */
    const cursors = [null];
    let timer = null;
    let isLeft = false;
    let shown = null;
    const body = h('tbody');
    const problem = h('p', { class: 'problem', role: 'alert' });
    const back = h('button', { class: 'quiet', onclick: () => turn(-1) }, '← Previous');
    const on = h('button', { class: 'quiet', onclick: () => turn(1) }, 'Next →');
    const form = h(
      'form',
      { class: 'filters', role: 'search' },
      filters.map((filter) => toField(filter, values[filter.name])),
      filters.length > 0 && h('button', { type: 'submit', name: 'search', class: 'quiet' }, 'Search'),
    );
    const apply = (event) => {
      event.preventDefault();
      const wanted = linkTo(path, Object.fromEntries(new FormData(form)));
      if (location.hash === wanted) void load();
      else location.hash = wanted;
    };
    form.addEventListener('submit', apply);
    form.addEventListener('change', (event) => event.target instanceof HTMLSelectElement && apply(event));

    const toRows = (row) => [
      h(
        'tr',
        {},
        columns.map(({ of, isNumber, isLong }) => h('td', { class: isNumber ? 'number' : isLong ? 'long' : null }, of(row, load))),
      ),
      detail?.(row) && h('tr', { class: 'detail' }, h('td', { colspan: columns.length }, detail(row))),
    ];

    /** Unchanged rows are not replaced, so readers and selections are not disturbed. Changed rows keep the focus. */
    function showRows(rows) {
      const json = JSON.stringify(rows);
      if (json === shown) return;
      shown = json;
      const controls = () => [...body.querySelectorAll('a, button')];
      const focused = controls().indexOf(document.activeElement);
      show(body, rows.map(toRows), rows.length === 0 && h('tr', {}, h('td', { class: 'empty', colspan: columns.length }, empty)));
      controls()[focused]?.focus();
    }

    async function load() {
      clearTimeout(timer);
      try {
        const page = await get(`${source}?${toQuery({ ...values, limit: 20, cursor: cursors.at(-1) })}`);
        if (isLeft) return;
        show(problem);
        showRows(page.data);
        cursors.next = page.next_cursor;
        back.disabled = cursors.length === 1;
        on.disabled = page.next_cursor === null;
        // The audit log records each reading of content, so content is not loaded again by a timer.
        if (values.content !== 'true' && page.data.some(isUnsettled)) timer = setTimeout(() => void load(), AGAIN_MS);
      } catch (error) {
        if (!isLeft) show(problem, isRefusedContent(error, values) ? NO_CONTENT : error.message);
      }
    }

    function turn(by) {
      if (by > 0) cursors.push(cursors.next);
      else cursors.pop();
      void load();
    }

    async function save() {
      try {
        // An export is always ordered by time.
        const url = URL.createObjectURL(await download(`${csv}?${toQuery({ ...values, sort: '' })}`));
        h('a', { href: url, download: `${path}.csv` }).click();
        setTimeout(() => URL.revokeObjectURL(url), 60_000);
      } catch (error) {
        notify(isRefusedContent(error, values) ? NO_CONTENT : error.message);
      }
    }

    show(
      main,
      h(
        'header',
        {},
        h('h1', {}, title),
        h(
          'div',
          { class: 'actions' },
          actions?.(values, load),
          csv && h('button', { class: 'quiet', onclick: () => void save() }, 'Export CSV'),
        ),
      ),
      filters.length > 0 && form,
      problem,
      h(
        'div',
        { class: 'table', tabindex: 0, role: 'region', 'aria-label': title },
        h(
          'table',
          {},
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              columns.map(({ name, isNumber }) => h('th', { scope: 'col', class: isNumber ? 'number' : null }, name)),
            ),
          ),
          body,
        ),
      ),
      h('nav', { class: 'pages', 'aria-label': 'Pages' }, back, on),
    );
    back.disabled = true;
    on.disabled = true;
    void load();
    return () => {
      isLeft = true;
      clearTimeout(timer);
    };
  };
}
