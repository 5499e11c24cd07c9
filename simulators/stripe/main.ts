/**
 * The Stripe simulator alone (`npm run simulator:stripe`). server.ts says what it is.
 *
 * PORT (4242), HOST (127.0.0.1), and
 * STRIPE_SIMULATOR_PUBLIC_URL      where browsers reach the pages, if not at host and port
 * STRIPE_SIMULATOR_STATE_FILE      keeps everything over a restart
 * STRIPE_SIMULATOR_WEBHOOK_URL     where events go
 * STRIPE_SIMULATOR_WEBHOOK_SECRET  signs them; without it one is made and printed
 * STRIPE_SIMULATOR_API_KEY         the only key that is accepted; without it any sk_test_…
 */
import { PRO_ANNUAL_PRICE_ID, PRO_PRICE_ID } from './objects/catalogue.js';
import { startStripeSimulator } from './server.js';

const { PORT = '4242', HOST = '127.0.0.1', ...env } = process.env;
const port = Number(PORT);
if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT must be a port number, not "${PORT}"`);

const setting = (name: string): string | undefined => env[`STRIPE_SIMULATOR_${name}`] || undefined;
const publicUrl = setting('PUBLIC_URL');
const stateFile = setting('STATE_FILE');
const apiKey = setting('API_KEY');
const webhookUrl = setting('WEBHOOK_URL');
const secret = setting('WEBHOOK_SECRET');

const simulator = await startStripeSimulator({
  port,
  host: HOST,
  ...(publicUrl === undefined ? {} : { publicUrl }),
  ...(stateFile === undefined ? {} : { stateFile }),
  ...(apiKey === undefined ? {} : { apiKey }),
  ...(webhookUrl === undefined ? {} : { webhook: { url: webhookUrl, ...(secret === undefined ? {} : { secret }) } }),
});

process.stdout.write(
  [
    `Stripe simulator at ${simulator.url} (nothing here moves money)`,
    `  controls        ${simulator.url}/_simulator/`,
    `  STRIPE_PRICES=monthly=${PRO_PRICE_ID},annual=${PRO_ANNUAL_PRICE_ID}`,
    ...(secret === undefined ? [`  STRIPE_WEBHOOK_SECRET=${simulator.webhookSecret}`] : []),
    '',
  ].join('\n'),
);

const stop = (): void => {
  void simulator.stop();
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
