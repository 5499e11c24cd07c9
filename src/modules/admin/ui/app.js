import { account } from './account.js';
import { currentUser, logOut, SIGNED_OUT } from './api.js';
import { h, show } from './dom.js';
import { auditLog, chatrooms, messages, subscriptions, users, webhookEvents } from './lists.js';
import { overview } from './overview.js';
import { queues } from './queues.js';
import { signIn } from './sign-in.js';

const THEME = 'administration-theme';

/** The views, by the first part of the address after the #. */
const PAGES = {
  overview: { name: 'Overview', view: overview },
  users: { name: 'Users', view: users, ofOne: account },
  chatrooms: { name: 'Chatrooms', view: chatrooms },
  messages: { name: 'Messages', view: messages },
  subscriptions: { name: 'Subscriptions', view: subscriptions },
  'webhook-events': { name: 'Webhook events', view: webhookEvents },
  queues: { name: 'Queues', view: queues },
  'audit-log': { name: 'Audit log', view: auditLog },
};

const main = h('main', { id: 'main', tabindex: -1 });
const links = new Map(Object.entries(PAGES).map(([path, { name }]) => [path, h('a', { href: `#/${path}` }, name)]));
let leave = null;

/** Keeps the focus in the field of the same name, else at the top of the new view. The focus outside of it stays. */
function keepFocus(wasInside, field) {
  if (!wasInside) return;
  const again = [...main.querySelectorAll('[name]')].find(({ name }) => name === field);
  (again || main).focus();
  again?.select?.();
}

function route() {
  if (!currentUser()) return;
  const [path = '', query = ''] = location.hash.replace(/^#\//, '').split('?');
  const [first = '', id] = path.split('/');
  const name = Object.hasOwn(PAGES, first) ? first : 'overview';
  const page = PAGES[name];
  leave?.();
  for (const [at, link] of links) {
    if (at !== name) link.removeAttribute('aria-current');
    else {
      link.setAttribute('aria-current', 'page');
      // On a phone the list is wider than the screen. Not scrollIntoView: the next Tab would begin from there.
      const parts = link.parentElement;
      parts.scrollLeft = link.offsetLeft - parts.offsetLeft - (parts.clientWidth - link.offsetWidth) / 2;
    }
  }
  const focused = document.activeElement;
  const wasInside = main.contains(focused);
  document.title = `${page.name} – Administration`;
  show(main, h('p', { class: 'more' }, 'Loading…'));
  leave = (id && page.ofOne ? page.ofOne : page.view)(main, new URLSearchParams(query), id) ?? null;
  keepFocus(wasInside, focused.getAttribute('name'));
}

function applyTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function switchTheme() {
  const isDark =
    (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  const theme = isDark ? 'light' : 'dark';
  localStorage.setItem(THEME, theme);
  applyTheme(theme);
}

function enter() {
  const user = currentUser();
  show(
    document.body,
    h('a', { class: 'skip', href: '#main', onclick: (event) => (event.preventDefault(), main.focus()) }, 'Skip to the content'),
    h(
      'div',
      { class: 'frame' },
      h(
        'aside',
        {},
        h('p', { class: 'brand' }, 'Administration'),
        h('nav', { 'aria-label': 'Parts' }, [...links.values()]),
        h(
          'div',
          { class: 'who' },
          h('span', {}, user.username),
          h('button', { class: 'quiet', onclick: switchTheme }, 'Switch theme'),
          h('button', { class: 'quiet', onclick: () => void logOut().then(() => start()) }, 'Sign out'),
        ),
      ),
      main,
    ),
  );
  route();
}

function start(reason) {
  leave?.();
  leave = null;
  document.querySelector('dialog')?.close();
  document.title = 'Administration';
  if (currentUser()) enter();
  else signIn(document.body, enter, reason);
}

applyTheme(localStorage.getItem(THEME));
window.addEventListener('hashchange', route);
window.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target.closest?.('input, select, textarea, dialog')) return;
  const search = main.querySelector('.filters input');
  if (!search) return;
  event.preventDefault();
  search.focus();
});
window.addEventListener(SIGNED_OUT, ({ detail }) => start(detail));
start();
