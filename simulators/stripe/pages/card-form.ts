import { z } from 'zod';
import { html, type Html } from './html.js';

const TEST_CARDS: readonly (readonly [string, string])[] = [
  ['4242 4242 4242 4242', 'pays'],
  ['4000 0000 0000 0002', 'is declined'],
  ['4000 0000 0000 9995', 'has insufficient funds'],
  ['4000 0025 0000 3155', 'asks for authentication'],
  ['4000 0000 0000 0341', 'can be saved, fails when charged'],
  ['4000 0000 0000 0259', 'pays, and is disputed'],
];

/**
 * The text of the fields of a card form; the checks of https://docs.stripe.com/testing apply (any future date, any
 * code).
 */
export const cardFields = z.object({
  number: z
    .string()
    .transform((value) => value.replace(/[\s-]/g, ''))
    .pipe(
      z
        .string()
        .regex(/^\d{14,16}$/, 'Your card number is incomplete.')
        .refine(passesLuhn, 'Your card number is invalid.'),
    ),
  expiry: z
    .string()
    .trim()
    .regex(/^(0?[1-9]|1[0-2])\s*\/\s*(\d{2})$/, "Your card's expiration date is incomplete.")
    .transform((value) => {
      const [month, year] = value.split('/');
      return { expMonth: Number(month), expYear: 2000 + Number(year) };
    }),
  cvc: z.string().regex(/^\d{3,4}$/, "Your card's security code is incomplete."),
  name: z.string().trim().min(1, 'Enter the name on the card.').max(200),
});

export type TypedCard = z.output<typeof cardFields>;

function passesLuhn(number: string): boolean {
  const sum = Array.from(number, Number).reduceRight((total, digit, index) => {
    const value = digit * ((number.length - index) % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** Errors of a form, in words for the person, by field. */
export function problemsOf(error: z.ZodError): Record<string, string> {
  return Object.fromEntries(error.issues.map((issue): [string, string] => [String(issue.path[0]), issue.message]).reverse());
}

export interface FieldOptions {
  label: string;
  name: string;
  value?: string | undefined;
  problem?: string | undefined;
  autocomplete: string;
  inputmode?: 'numeric' | 'email' | 'text';
  placeholder?: string;
  type?: 'text' | 'email';
}

export function field(options: FieldOptions): Html {
  const { label, name, value = '', problem, autocomplete, inputmode = 'text', placeholder = '', type = 'text' } = options;
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="${type}"
      value="${value}"
      autocomplete="${autocomplete}"
      inputmode="${inputmode}"
      placeholder="${placeholder}"
      ${problem === undefined ? null : html`aria-invalid="true" aria-describedby="${name}-problem"`}
    />
    ${problem === undefined ? null : html`<p class="problem" id="${name}-problem">${problem}</p>`}
  </div>`;
}

/** The fields of a card. A card number or a code is never put back into a page. */
export function cardFieldset(typed: Record<string, string | undefined>, problems: Record<string, string>): Html {
  return html`<fieldset class="fields">
    <legend>Details</legend>
    ${field({ label: 'Card number', name: 'number', autocomplete: 'cc-number', inputmode: 'numeric', placeholder: '4242 4242 4242 4242', problem: problems['number'] })}
    <div class="pair">
      ${field({ label: 'Expiry (MM / YY)', name: 'expiry', autocomplete: 'cc-exp', inputmode: 'numeric', placeholder: '12 / 34', value: typed['expiry'], problem: problems['expiry'] })}
      ${field({ label: 'Security code', name: 'cvc', autocomplete: 'cc-csc', inputmode: 'numeric', placeholder: '123', problem: problems['cvc'] })}
    </div>
    ${field({ label: 'Name', name: 'name', autocomplete: 'cc-name', value: typed['name'], problem: problems['name'] })}
  </fieldset>`;
}

export function testCards(): Html {
  return html`<details class="hint">
    <summary>Cards that work here</summary>
    <p>Any future date, any security code.</p>
    <table>
      <thead>
        <tr>
          <th scope="col">Number</th>
          <th scope="col">The card</th>
        </tr>
      </thead>
      <tbody>
        ${TEST_CARDS.map(
          ([number, effect]) =>
            html`<tr>
              <td><code>${number}</code></td>
              <td>${effect}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}
