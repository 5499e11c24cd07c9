import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runProcess } from '../../common/process.js';
import { loadConfig } from '../../config/env.js';
import { isSetupFailure, MissingPriceError, type SetupStep, StripeSetup, type WantedPrice } from '../../integrations/stripe/index.js';
import { HANDLED_EVENT_TYPES } from '../../modules/billing/index.js';
import { explainStartFailure } from '../explain-start-failure.js';

const USAGE = `Usage: npm run stripe:setup -- --monthly usd:2000,eur:1900 --annual usd:20000,eur:19000
         --webhook-url https://api.example.com/webhook/stripe [--name Pro]

Creates the product, its prices, the configuration of the customer portal and the webhook endpoint at the account of
STRIPE_SECRET_KEY, or corrects them, and prints the settings. A second run changes nothing. Amounts are in the smallest
unit of the currency (usd:2000 is 20 dollars); the first one is the price's own currency. --monthly and --annual may be
left out where Stripe has the price, and one of them altogether. The default of --webhook-url is PUBLIC_URL with
/webhook/stripe; without both no endpoint is created.`;

/** The arguments are wrong. The message tells the user how. */
class ArgumentsError extends Error {}

const PRICES = [
  { option: 'monthly', lookupKey: 'pro_monthly', interval: 'month' },
  { option: 'annual', lookupKey: 'pro_annual', interval: 'year' },
] as const;
const WEBHOOK_PATH = '/webhook/stripe';

interface Arguments {
  readonly name: string | undefined;
  readonly webhookUrl: string | undefined;
  /** Those that were given. */
  readonly prices: readonly (WantedPrice & { readonly option: string })[];
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: { name: { type: 'string' }, monthly: { type: 'string' }, annual: { type: 'string' }, 'webhook-url': { type: 'string' } },
    });
    const prices = PRICES.flatMap(({ option, ...price }) => {
      const given = values[option];
      return given === undefined ? [] : [{ option, ...price, amounts: readAmounts(option, given) }];
    });
    return { name: values.name, webhookUrl: values['webhook-url'], prices };
  } catch (error) {
    if (error instanceof ArgumentsError) throw error;
    throw new ArgumentsError(USAGE);
  }
}

function readAmounts(option: string, text: string): WantedPrice['amounts'] {
  const amounts = text.split(',').map((part) => {
    const [, currency = '', amount = ''] = /^([a-z]{3}):(\d{1,8})$/i.exec(part.trim()) ?? [];
    if (amount === '') throw new ArgumentsError(`--${option} takes amounts such as usd:2000,eur:1900, and not ${part}\n\n${USAGE}`);
    return [currency.toLowerCase(), Number(amount)] as const;
  });
  if (new Set(amounts.map(([currency]) => currency)).size < amounts.length) {
    throw new ArgumentsError(`--${option} names a currency twice`);
  }
  return amounts;
}

/** Billing is configured completely or not at all; what this command prints is not known yet. */
const readConfig = () =>
  loadConfig({
    required: ['STRIPE_SECRET_KEY'],
    defaults: { STRIPE_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64url')}`, STRIPE_PRICE_PRO_ID: 'price_unknown' },
  });

async function run(): Promise<void> {
  const { name, webhookUrl, prices } = readArguments();
  const { STRIPE_SECRET_KEY: apiKey = '', STRIPE_TIMEOUT: timeoutMs, STRIPE_BASE_URL: baseUrl, PUBLIC_URL } = readConfig();
  const setup = new StripeSetup({ apiKey, timeoutMs, ...(baseUrl === undefined ? {} : { baseUrl }) });
  print(`Account ${await setup.describeAccount()}`);
  const report = (step: SetupStep): SetupStep => {
    print(`${step.outcome.padEnd(9)} ${step.object} ${step.id}${step.detail === undefined ? '' : `: ${step.detail}`}`);
    return step;
  };

  const product = report(await setup.ensureProduct({ name, lookupKeys: PRICES.map(({ lookupKey }) => lookupKey) }));
  const sold: { option: string; lookupKey: string; id: string }[] = [];
  for (const { option, ...price } of PRICES) {
    const given = prices.find((one) => one.option === option);
    const step = await setup.ensurePrice(product.id, given ?? { ...price, amounts: [] }).catch((error: unknown) => {
      if (error instanceof MissingPriceError) return null;
      throw error;
    });
    if (step) sold.push({ option, lookupKey: price.lookupKey, id: report(step).id });
  }
  if (sold.length === 0) throw new ArgumentsError(`Stripe has no price of Pro yet: give --monthly, --annual or both.\n\n${USAGE}`);
  const portal = report(await setup.ensurePortal({ product: product.id, prices: sold.map(({ id }) => id) }));
  const url = webhookUrl ?? (PUBLIC_URL === undefined ? undefined : new URL(WEBHOOK_PATH, PUBLIC_URL).href);
  const endpoint = url === undefined ? null : await setup.ensureEndpoint(url, [...HANDLED_EVENT_TYPES]);
  if (endpoint) report(endpoint.step);

  print('\nSettings:');
  print(`STRIPE_PRICES=${sold.map(({ option, lookupKey }) => `${option}=${lookupKey}`).join(',')}`);
  print(`STRIPE_PORTAL_CONFIGURATION=${portal.id}`);
  if (endpoint?.secret != null) print(`STRIPE_WEBHOOK_SECRET=${endpoint.secret}`);
  else if (endpoint) print(`# STRIPE_WEBHOOK_SECRET: of endpoint ${endpoint.step.id}, whose secret only Stripe's Dashboard shows`);
  else print('# STRIPE_WEBHOOK_SECRET: no endpoint was created, because neither --webhook-url nor PUBLIC_URL is set');
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const explain = (error: unknown): string | null => {
  if (error instanceof ArgumentsError) return error.message;
  if (isSetupFailure(error)) return `Stripe refused or cannot be reached: ${error.message}`;
  return explainStartFailure(error);
};

await runProcess(async () => {
  await run();
  process.exit(0);
}, explain);
