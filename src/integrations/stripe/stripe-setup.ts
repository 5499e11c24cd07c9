import Stripe from 'stripe';
import { addressOf, STRIPE_API_VERSION } from './stripe.connection.js';
import { idOf } from './stripe-objects.js';

/** A price that is to exist at Stripe. */
export interface WantedPrice {
  readonly lookupKey: string;
  readonly interval: 'month' | 'year';
  /** In the currencies' smallest units, by the code of ISO 4217 in lower case; the price's own currency first. */
  readonly amounts: readonly (readonly [currency: string, amount: number])[];
}

/** What was done to one object. `differs`: it is not as wanted, and a person has to decide about it. */
export interface SetupStep {
  readonly object: string;
  readonly id: string;
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'differs';
  readonly detail?: string;
}

interface Endpoint {
  readonly step: SetupStep;
  /** Stripe shows it once, in the answer to the request that creates the endpoint. */
  readonly secret: string | null;
}

/** The product has an id of our own, so that two runs at once cannot create two. */
const PRODUCT_ID = 'gemini_chat_pro';
/** Marks what this class has created and finds again. */
const MARK = { created_by: 'gemini-chat' } as const;
const PAGE = 100;

/** Stripe has no price of this lookup key, and the request has no amounts for one. */
export class MissingPriceError extends Error {
  override readonly name = 'MissingPriceError';

  constructor(readonly lookupKey: string) {
    super(`Stripe has no price with the lookup key ${lookupKey}`);
  }
}

/** Thrown by every method: Stripe refused the request or cannot be reached. The message is Stripe's own. */
export const isSetupFailure = (error: unknown): error is Stripe.errors.StripeError => error instanceof Stripe.errors.StripeError;

/**
 * Creates at Stripe what the product needs, or corrects it. Each method finds what an earlier run has created, so that
 * a second run changes nothing. Nothing is ever deleted, and no existing subscription changes.
 */
export class StripeSetup {
  private readonly sdk: Stripe;
  private readonly isLive: boolean;

  constructor({ apiKey, timeoutMs, baseUrl }: { apiKey: string; timeoutMs: number; baseUrl?: string }) {
    this.isLive = /^[rs]k_live_/.test(apiKey);
    this.sdk = new Stripe(apiKey, {
      apiVersion: STRIPE_API_VERSION,
      timeout: timeoutMs,
      maxNetworkRetries: 2,
      telemetry: false,
      ...(baseUrl === undefined ? {} : addressOf(baseUrl)),
    });
  }

  /** The account and the mode of the key, for people. */
  async describeAccount(): Promise<string> {
    const mode = `in ${this.isLive ? 'live' : 'test'} mode`;
    try {
      const { id, settings } = await this.sdk.accounts.retrieveCurrent();
      const name = settings?.dashboard.display_name;
      return `${id}${name ? ` (${name})` : ''} ${mode}`;
    } catch (error) {
      if (error instanceof Stripe.errors.StripePermissionError) return `that the key may not read, ${mode}`;
      throw error;
    }
  }

  /**
   * @param product.name the name that payers see; undefined to leave it as it is
   * @param product.lookupKeys a price that has one of these keys decides which product it is
   */
  async ensureProduct({ name, lookupKeys }: { name: string | undefined; lookupKeys: readonly string[] }): Promise<SetupStep> {
    const { data } = await this.sdk.prices.list({ lookup_keys: [...lookupKeys], limit: PAGE });
    const ids = [...new Set(data.map(({ product }) => idOf(product)))];
    const found = await this.findProduct(ids[0] ?? PRODUCT_ID);
    if (found === null) {
      const created = await this.sdk.products.create({ id: PRODUCT_ID, name: name ?? 'Pro', metadata: MARK });
      return { object: 'product', id: created.id, outcome: 'created' };
    }
    const step = { object: 'product', id: found.id } as const;
    if (ids.length > 1) return { ...step, outcome: 'differs', detail: `the prices belong to several products: ${ids.join(', ')}` };
    const change = { ...(name === undefined || name === found.name ? {} : { name }), ...(found.active ? {} : { active: true }) };
    if (Object.keys(change).length === 0) return { ...step, outcome: 'unchanged' };
    await this.sdk.products.update(found.id, change);
    return { ...step, outcome: 'changed', detail: Object.keys(change).join(', ') };
  }

  /**
   * The amounts of a price never change at Stripe. Other amounts make a new price, which takes the lookup key over; who
   * has subscribed at the old price goes on paying it.
   *
   * @throws MissingPriceError for a price without amounts that Stripe does not have
   */
  async ensurePrice(product: string, wanted: WantedPrice): Promise<SetupStep> {
    const { lookupKey, interval, amounts } = wanted;
    const { data } = await this.sdk.prices.list({ lookup_keys: [lookupKey], expand: ['data.currency_options'], limit: 1 });
    const found = data[0];
    const object = `price ${lookupKey}`;
    if (found && (amounts.length === 0 || isAsWanted(found, wanted))) {
      const step = { object, id: found.id } as const;
      if (found.recurring?.interval !== interval) return { ...step, outcome: 'differs', detail: `it is not paid by the ${interval}` };
      if (found.active) return { ...step, outcome: 'unchanged' };
      await this.sdk.prices.update(found.id, { active: true });
      return { ...step, outcome: 'changed', detail: 'active' };
    }
    const [own, ...others] = amounts;
    if (own === undefined) throw new MissingPriceError(lookupKey);
    const created = await this.sdk.prices.create({
      product,
      currency: own[0],
      unit_amount: own[1],
      ...(others.length === 0
        ? {}
        : { currency_options: Object.fromEntries(others.map(([currency, amount]) => [currency, { unit_amount: amount }])) }),
      recurring: { interval },
      lookup_key: lookupKey,
      transfer_lookup_key: true,
      metadata: MARK,
    });
    if (!found) return { object, id: created.id, outcome: 'created' };
    return { object, id: created.id, outcome: 'changed', detail: `it replaces ${found.id}, which those who have it go on paying` };
  }

  /** @param prices the ids of all prices, between which a payer may change */
  async ensurePortal({ product, prices }: { product: string; prices: readonly string[] }): Promise<SetupStep> {
    const wanted = portalFeatures(product, prices);
    const all = await this.sdk.billingPortal.configurations.list({ active: true, limit: PAGE });
    const found = all.data.find(({ metadata }) => metadata?.['created_by'] === MARK.created_by);
    const object = 'portal configuration';
    if (found === undefined) {
      const created = await this.sdk.billingPortal.configurations.create({ features: wanted, metadata: MARK });
      return { object, id: created.id, outcome: 'created' };
    }
    if (contains(found.features, wanted)) return { object, id: found.id, outcome: 'unchanged' };
    await this.sdk.billingPortal.configurations.update(found.id, { features: wanted });
    return { object, id: found.id, outcome: 'changed', detail: 'features' };
  }

  /** @param eventTypes the endpoint gets these and no others */
  async ensureEndpoint(url: string, eventTypes: readonly string[]): Promise<Endpoint> {
    const events = [...eventTypes].sort() as Stripe.WebhookEndpointCreateParams.EnabledEvent[];
    const all = await this.sdk.webhookEndpoints.list({ limit: PAGE }).autoPagingToArray({ limit: 1_000 });
    const found = all.find((endpoint) => endpoint.url === url);
    const object = `webhook endpoint ${url}`;
    if (found === undefined) {
      const created = await this.sdk.webhookEndpoints.create({
        url,
        enabled_events: events,
        api_version: STRIPE_API_VERSION,
        metadata: MARK,
      });
      return { step: { object, id: created.id, outcome: 'created' }, secret: created.secret ?? null };
    }
    const step = { object, id: found.id } as const;
    const change = {
      ...(contains([...found.enabled_events].sort(), events) ? {} : { enabled_events: events }),
      ...(found.status === 'disabled' ? { disabled: false } : {}),
    };
    if (Object.keys(change).length > 0) await this.sdk.webhookEndpoints.update(found.id, change);
    if (found.api_version !== STRIPE_API_VERSION) {
      // Stripe cannot change the version of an endpoint, and two endpoints of one address would double every event.
      const detail = `it sends API version ${found.api_version ?? "of the account's default"}: delete it and run this again for ${STRIPE_API_VERSION}`;
      return { step: { ...step, outcome: 'differs', detail }, secret: null };
    }
    if (Object.keys(change).length === 0) return { step: { ...step, outcome: 'unchanged' }, secret: null };
    return { step: { ...step, outcome: 'changed', detail: Object.keys(change).join(', ') }, secret: null };
  }

  private async findProduct(id: string): Promise<Stripe.Product | null> {
    try {
      const product: Stripe.Product | Stripe.DeletedProduct = await this.sdk.products.retrieve(id);
      return 'deleted' in product ? null : product;
    } catch (error) {
      if (error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing') return null;
      throw error;
    }
  }
}

function isAsWanted(price: Stripe.Price, { interval, amounts }: WantedPrice): boolean {
  const [own] = amounts;
  const options = Object.entries(price.currency_options ?? {}).map(([currency, option]) => [currency, option.unit_amount]);
  const offered = new Map(options.length === 0 ? [[price.currency, price.unit_amount]] : (options as [string, number | null][]));
  return (
    price.recurring?.interval === interval &&
    price.recurring.interval_count === 1 &&
    price.currency === own?.[0] &&
    offered.size === amounts.length &&
    amounts.every(([currency, amount]) => offered.get(currency) === amount)
  );
}

/**
 * A payer may change the card, the address and the tax id, cancel at the end of the period, and change to another
 * price. The e-mail address is that of the account here.
 */
const portalFeatures = (product: string, prices: readonly string[]) =>
  ({
    customer_update: { enabled: true, allowed_updates: ['address', 'name', 'tax_id'] },
    invoice_history: { enabled: true },
    payment_method_update: { enabled: true },
    subscription_cancel: { enabled: true, mode: 'at_period_end', proration_behavior: 'none' },
    subscription_update:
      prices.length < 2
        ? { enabled: false }
        : {
            enabled: true,
            default_allowed_updates: ['price'],
            proration_behavior: 'create_prorations',
            products: [{ product, prices: [...prices] }],
          },
  }) satisfies Stripe.BillingPortal.ConfigurationCreateParams.Features;

/** Whether `found` has everything that `wanted` names. Lists have to be the same, whatever their order. */
function contains(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(found) && found.length === wanted.length && wanted.every((item) => found.some((other) => contains(other, item)));
  }
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  return (
    typeof found === 'object' && found !== null && Object.entries(wanted).every(([key, value]) => contains(Reflect.get(found, key), value))
  );
}
