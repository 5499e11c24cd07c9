import { h, show } from './dom.js';

/**
 * Asks for confirmation before a change. Resolves to true when the change is made, to false when it is cancelled. The
 * dialog shows a refusal.
 *
 * @param {{title: string, text: string, action: string, isDangerous?: boolean, fields?: object[]}} question its fields
 *   have a name and a label, and may have type, value, min and hint
 * @param {(values: Record<string, string>) => Promise<unknown>} act
 */
export function confirmed({ title, text, action, isDangerous = false, fields = [] }, act) {
  return new Promise((resolve) => {
    const problem = h('p', { class: 'problem', role: 'alert' });
    const submit = h('button', { class: isDangerous ? 'danger' : 'primary', type: 'submit' }, action);
    const form = h(
      'form',
      { novalidate: false },
      h('h2', { id: 'dialog-title' }, title),
      h('p', {}, text),
      fields.map(({ name, label, type = 'text', value = '', min, hint }) =>
        h('label', {}, label, h('input', { name, type, value, min, required: true, autocomplete: 'off' }), hint && h('small', {}, hint)),
      ),
      problem,
      h('div', { class: 'actions' }, h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Cancel'), submit),
    );
    const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' }, form);
    let isDone = false;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      submit.disabled = true;
      try {
        await act(Object.fromEntries(new FormData(form)));
        isDone = true;
        dialog.close();
      } catch (error) {
        show(problem, error.message);
        submit.disabled = false;
      }
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(isDone);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

const region = h('div', { class: 'notices', role: 'status' });

/** Shows a notice for five seconds. */
export function notify(text) {
  if (!region.isConnected) document.body.append(region);
  const notice = h('p', { class: 'notice' }, text);
  region.append(notice);
  setTimeout(() => notice.remove(), 5_000);
}
