/** Markup whose every value is escaped. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = string | number | Html | readonly Html[] | null | undefined | false;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function textOf(value: Value): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map((one) => one.text).join('');
  return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

/** `html\`<p>${anything}</p>\`` */
export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(parts.reduce((whole, part, index) => whole + textOf(values[index - 1]) + part));
}

export interface Page {
  title: string;
  body: Html;
  /** Where the browser goes by itself after a second. */
  next?: string;
}

/** A whole document. The banner says on every page what this is. */
export function document(page: Page): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        ${page.next === undefined ? null : html`<meta http-equiv="refresh" content="1;url=${page.next}" />`}
        <title>${page.title} · simulated Stripe</title>
        <link rel="icon" type="image/svg+xml" href="/assets/icon.svg" />
        <link rel="stylesheet" href="/assets/simulator.css" />
      </head>
      <body>
        <header>
          <p class="banner" role="note"><strong>Simulated Stripe.</strong> No money moves here, and no real card works.</p>
        </header>
        ${page.body}
      </body>
    </html> `.text;
}

/** A page of a single card, for outcomes and questions. */
export function notice(title: string, text: Html, next?: string): string {
  const body = html`<main class="card notice">
    <h1>${title}</h1>
    ${text}
  </main>`;
  return document({ title, body, ...(next === undefined ? {} : { next }) });
}

/** `23 December 2026`, in a table `23 Dec 2026` */
export function day(unix: number, month: 'long' | 'short' = 'long'): string {
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month, year: 'numeric', timeZone: 'UTC' }).format(unix * 1000);
}
