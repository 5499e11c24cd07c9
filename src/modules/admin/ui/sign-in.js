import { logIn, verifyCode } from './api.js';
import { h, show } from './dom.js';

const field = (label, properties) => h('label', {}, label, h('input', { required: true, ...properties }));

/**
 * The sign-in form: a password, and a code where the service requires one.
 *
 * @param {string} [reason] why the user has to sign in, if known
 */
export function signIn(root, onSignedIn, reason) {
  const problem = h('p', { class: 'problem', role: 'alert' });

  function form(title, text, fields, action, submit, more) {
    const button = h('button', { class: 'primary', type: 'submit' }, action);
    const element = h(
      'form',
      { class: 'card sign-in' },
      h('h1', {}, title),
      text && h('p', { class: 'more' }, text),
      fields,
      problem,
      button,
      more,
    );
    element.addEventListener('submit', async (event) => {
      event.preventDefault();
      show(problem);
      button.disabled = true;
      try {
        await submit(Object.fromEntries(new FormData(element)));
      } catch (error) {
        show(problem, error.message);
        button.disabled = false;
      }
    });
    show(root, h('main', { class: 'entrance' }, element));
    element.querySelector('input:not([value])')?.focus();
  }

  function askForCode(identifier, challengeId) {
    const isNumber = /^\+?\d/.test(identifier);
    form(
      'Enter the code',
      'A code was sent to the mobile number of the account. It is valid for five minutes.',
      [
        field('Mobile number', { name: 'number', type: 'tel', autocomplete: 'tel', ...(isNumber ? { value: identifier } : {}) }),
        field('Code', { name: 'otp', inputmode: 'numeric', autocomplete: 'one-time-code', pattern: '[0-9]{6}', title: 'Six digits' }),
      ],
      'Verify',
      async ({ number, otp }) => {
        await verifyCode(number, otp, challengeId);
        onSignedIn();
      },
      h('button', { type: 'button', class: 'quiet', onclick: () => signIn(root, onSignedIn) }, 'Start again with a new code'),
    );
  }

  form(
    'Administration',
    reason,
    [
      field('Username or mobile number', { name: 'identifier', autocomplete: 'username', spellcheck: 'false', autocapitalize: 'none' }),
      field('Password', { name: 'password', type: 'password', autocomplete: 'current-password' }),
    ],
    'Sign in',
    async ({ identifier, password }) => {
      try {
        await logIn(identifier, password);
        onSignedIn();
      } catch (error) {
        if (error.problem?.code !== 'otp_required') throw error;
        askForCode(identifier, error.problem.challenge_id);
      }
    },
  );
}
