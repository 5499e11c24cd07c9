import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openStripe, type StripeWorld } from '../../support/stripe-simulator.js';

/** Stripe's own fixtures, run by Stripe's own command line: a check of the simulator that nobody here wrote. */
const EVENTS = [
  ...['billing_portal.session.created', 'checkout.session.completed', 'checkout.session.expired'],
  ...['charge.captured', 'charge.dispute.closed', 'charge.dispute.created', 'charge.dispute.updated', 'charge.failed'],
  ...['charge.refund.updated', 'charge.refunded', 'charge.succeeded'],
  ...['customer.created', 'customer.deleted', 'customer.updated'],
  ...['customer.subscription.created', 'customer.subscription.deleted', 'customer.subscription.paused'],
  ...['customer.subscription.trial_will_end', 'customer.subscription.updated'],
  ...['invoice.created', 'invoice.deleted', 'invoice.finalized', 'invoice.marked_uncollectible', 'invoice.paid'],
  ...['invoice.payment_action_required', 'invoice.payment_failed', 'invoice.payment_succeeded', 'invoice.sent', 'invoice.updated'],
  ...['invoice.voided', 'invoiceitem.created', 'invoiceitem.deleted'],
  ...['payment_intent.amount_capturable_updated', 'payment_intent.canceled', 'payment_intent.created'],
  ...['payment_intent.payment_failed', 'payment_intent.processing', 'payment_intent.requires_action', 'payment_intent.succeeded'],
  ...['payment_method.attached', 'payment_method.detached'],
  ...['coupon.created', 'coupon.deleted', 'coupon.updated', 'promotion_code.created', 'promotion_code.updated'],
  ...['price.created', 'price.updated', 'product.created', 'product.deleted', 'product.updated'],
  ...['subscription_schedule.canceled', 'subscription_schedule.created', 'subscription_schedule.released'],
  ...['subscription_schedule.updated'],
];

const run = promisify(execFile);
const packages = createRequire(import.meta.url);

function isInstalled(): boolean {
  try {
    packages.resolve(`@stripe/cli-${process.platform}-${process.arch}/package.json`);
    return true;
  } catch {
    return false;
  }
}

const installed = isInstalled();
const name = installed ? 'stripe trigger' : `stripe trigger: @stripe/cli has no binary for ${process.platform}-${process.arch}`;

(installed ? describe : describe.skip)(name, () => {
  let world: StripeWorld;
  let home: string;
  beforeAll(async () => {
    world = await openStripe({ running: true });
    home = mkdtempSync(join(tmpdir(), 'stripe-cli-'));
  });
  afterAll(async () => {
    await world.stop();
    rmSync(home, { recursive: true });
  });

  test.each(EVENTS)('%s', async (event) => {
    const before = (await world.stripe.events.list({ type: event, limit: 100 })).data.length;
    const args = [
      packages.resolve('@stripe/cli/bin/shim.js'),
      'trigger',
      event,
      '--api-base',
      world.url,
      '--api-key',
      'sk_test_simulated1234',
    ];
    const env = { PATH: process.env['PATH'], HOME: home, XDG_CONFIG_HOME: home, STRIPE_CLI_TELEMETRY_OPTOUT: '1' };
    const { stdout } = await run(process.execPath, args, { env });
    expect(stdout).toContain('Trigger succeeded!');
    expect((await world.stripe.events.list({ type: event, limit: 100 })).data.length).toBeGreaterThan(before);
  });
});
