import type { CheckoutOutcome } from '../billing.service.js';

interface ReturnText {
  readonly mark: string;
  readonly title: string;
  readonly text: string;
}

// A trial charges nothing, and a bank may decide on a payment days later, so that no text speaks of a payment that was
// made.
const TEXTS: Readonly<Record<CheckoutOutcome, ReturnText>> = {
  complete: { mark: '✓', title: 'Thank you for subscribing', text: 'Your subscription has begun. The app shows your plan.' },
  waiting: {
    mark: '…',
    title: 'Your subscription is being confirmed',
    text: 'This can take a moment. Keep this page open: it shows when your subscription has begun.',
  },
  cancelled: {
    mark: '↩',
    title: 'Nothing was charged',
    text: 'You left the payment page before paying. You can upgrade whenever you like.',
  },
  unknown: { mark: '↩', title: 'You are back', text: 'Your plan is shown in the app.' },
};

/** The delay after which the page of a subscription that has not begun looks again, in seconds. */
const LOOK_AGAIN_S = 2;

/** Where the page's script is. The page's content security policy allows none in the page itself. */
export const RETURN_SCRIPT_PATH = 'subscription/return.js';

const LOOK_AGAIN = `<script type="module" src="/${RETURN_SCRIPT_PATH}"></script>
<noscript><meta http-equiv="refresh" content="${LOOK_AGAIN_S}"></noscript>
`;

/**
 * Looks again until the subscription has begun, and then changes what the page says. A page that loads itself anew
 * would interrupt a screen reader each time (WCAG 2.2.1); the change of a status is announced.
 */
export const RETURN_SCRIPT = `const shown = document.querySelector('main');
async function lookAgain() {
  const answer = await fetch(location.href).then((response) => response.text(), () => '');
  const page = new DOMParser().parseFromString(answer, 'text/html');
  const main = page.querySelector('main');
  if (main === null || main.className === 'waiting') return void setTimeout(lookAgain, ${LOOK_AGAIN_S * 1_000});
  document.title = page.title;
  shown.className = main.className;
  for (const part of ['.mark', 'h1', 'p']) shown.querySelector(part).textContent = main.querySelector(part).textContent;
}
setTimeout(lookAgain, ${LOOK_AGAIN_S * 1_000});
`;

/**
 * The page that payers come back to. It shows nothing of a user: whoever has the address sees how the visit ended.
 *
 * @param hasChatPage whether the API serves the chat page
 */
export function returnPage(outcome: CheckoutOutcome, hasChatPage: boolean): string {
  const { mark, title, text } = TEXTS[outcome];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${outcome === 'waiting' ? LOOK_AGAIN : ''}<title>${title}</title>
<style>
:root { color-scheme: light dark; --page: light-dark(#f5f6f8, #111215); --card: light-dark(#fff, #1b1d21); --line: light-dark(#e2e5ea, #2e3138);
  --text: light-dark(#1b1d22, #e9eaee); --soft: light-dark(#5d6472, #a0a6b3); --accent: light-dark(#3b5bdb, #91a7ff); --on-accent: light-dark(#fff, #14182b) }
* { box-sizing: border-box }
body { display: grid; min-height: 100dvh; margin: 0; padding: 1.25rem; place-items: center; background: var(--page); color: var(--text);
  font: 1rem/1.6 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif }
main { display: grid; justify-items: center; gap: .75rem; width: min(26rem, 100%); padding: 2.5rem 2rem; border: 1px solid var(--line);
  border-radius: 1.25rem; background: var(--card); text-align: center }
.mark { display: grid; place-items: center; width: 3.25rem; height: 3.25rem; border-radius: 50%; background: var(--accent); color: var(--on-accent); font-size: 1.5rem }
.unknown .mark, .cancelled .mark { background: var(--line); color: var(--text) }
h1 { margin: .5rem 0 0; font-size: 1.4rem; font-weight: 650; letter-spacing: -.02em; line-height: 1.3; text-wrap: balance }
p { margin: 0; color: var(--soft); text-wrap: pretty }
a { margin-top: .75rem; padding: .6rem 1.25rem; border-radius: .75rem; background: var(--accent); color: var(--on-accent); font-weight: 550; text-decoration: none }
</style>
<main class="${outcome}">
<div class="mark" aria-hidden="true">${mark}</div>
<h1>${title}</h1>
<p role="status">${text}</p>
${hasChatPage ? '<a href="/">Back to your chats</a>\n' : ''}</main>
</html>
`;
}
