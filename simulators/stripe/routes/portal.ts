import { z } from 'zod';
import { randomText } from '../ids.js';
import { newPortalConfiguration, newPortalSession, type PortalFeatures } from '../objects/portal.js';
import { flag, given, integer, locale, mergeMetadata, metadata, text, unsettable, webAddress } from '../parameters.js';
import { invalidRequest, resourceMissing } from '../stripe-error.js';
import type { PortalConfiguration, PortalSession, Subscription } from '../wire.js';
import type { World } from '../world.js';
import { lists, retrieves, route, type Route } from './route.js';

const emptyable = <T extends z.ZodType>(item: T) => z.union([z.literal('').transform((): z.output<T>[] => []), z.array(item)]);
const prorationBehavior = z.enum(['none', 'create_prorations', 'always_invoice']);
const featuresSchema = z.strictObject({
  customer_update: z
    .strictObject({
      allowed_updates: emptyable(z.enum(['address', 'email', 'name', 'phone', 'shipping', 'tax_id'])).optional(),
      enabled: flag.optional(),
    })
    .optional(),
  invoice_history: z.strictObject({ enabled: flag }).optional(),
  payment_method_update: z.strictObject({ enabled: flag }).optional(),
  subscription_cancel: z
    .strictObject({
      cancellation_reason: z.strictObject({ enabled: flag, options: emptyable(text).optional() }).optional(),
      enabled: flag.optional(),
      mode: z.enum(['at_period_end', 'immediately']).optional(),
      proration_behavior: prorationBehavior.optional(),
    })
    .optional(),
  subscription_update: z
    .strictObject({
      default_allowed_updates: emptyable(z.enum(['price', 'promotion_code', 'quantity'])).optional(),
      enabled: flag.optional(),
      products: emptyable(z.strictObject({ product: text, prices: z.array(text).min(1) })).optional(),
      proration_behavior: prorationBehavior.optional(),
      schedule_at_period_end: z
        .strictObject({
          conditions: emptyable(z.strictObject({ type: z.enum(['decreasing_item_amount', 'shortening_interval']) })).optional(),
        })
        .optional(),
      trial_update_behavior: z.enum(['continue_trial', 'end_trial']).optional(),
    })
    .optional(),
});
const configurationFields = {
  business_profile: z
    .strictObject({
      headline: unsettable(z.string().max(60)).optional(),
      privacy_policy_url: unsettable(webAddress).optional(),
      terms_of_service_url: unsettable(webAddress).optional(),
    })
    .optional(),
  default_return_url: unsettable(webAddress).optional(),
  login_page: z.strictObject({ enabled: flag }).optional(),
  metadata: metadata.optional(),
  name: unsettable(text).optional(),
};

const flowSchema = z.strictObject({
  after_completion: z
    .strictObject({
      hosted_confirmation: z.strictObject({ custom_message: text.optional() }).optional(),
      redirect: z.strictObject({ return_url: webAddress }).optional(),
      type: z.enum(['hosted_confirmation', 'portal_homepage', 'redirect']),
    })
    .optional(),
  subscription_cancel: z.strictObject({ subscription: text }).optional(),
  subscription_update: z.strictObject({ subscription: text }).optional(),
  subscription_update_confirm: z
    .strictObject({
      items: z.array(z.strictObject({ id: text, price: text.optional(), quantity: integer.optional() })).length(1),
      subscription: text,
    })
    .optional(),
  type: z.enum(['payment_method_update', 'subscription_cancel', 'subscription_update', 'subscription_update_confirm']),
});
const sessionSchema = z.strictObject({
  configuration: text.optional(),
  customer: text,
  flow_data: flowSchema.optional(),
  locale: locale.optional(),
  return_url: webAddress.optional(),
});

/** The features after a request that names some of them. */
function mergedFeatures(world: World, old: PortalFeatures, change: z.output<typeof featuresSchema>): PortalFeatures {
  const { subscription_update: update, subscription_cancel: cancel } = change;
  for (const [at, { product, prices }] of (update?.products ?? []).entries()) {
    world.require('products', product, `features[subscription_update][products][${at}][product]`);
    for (const price of prices)
      if (world.require('prices', price, `features[subscription_update][products][${at}][prices][0]`).product !== product)
        throw invalidRequest(`The price ${price} does not belong to the product ${product}.`, {
          param: `features[subscription_update][products][${at}][prices][0]`,
        });
  }
  if (update?.enabled === true && (update.products ?? old.subscription_update.products ?? []).length === 0)
    throw invalidRequest('You must specify `products` when the subscription update feature is enabled.', {
      param: 'features[subscription_update][products]',
    });
  const { cancellation_reason: reason, ...cancelPlain } = cancel ?? {};
  const { products, schedule_at_period_end: schedule, ...updatePlain } = update ?? {};
  return {
    customer_update: { ...old.customer_update, ...given(change.customer_update ?? {}) },
    invoice_history: change.invoice_history ?? old.invoice_history,
    payment_method_update: { ...old.payment_method_update, ...given(change.payment_method_update ?? {}) },
    subscription_cancel: {
      ...old.subscription_cancel,
      ...given(cancelPlain),
      cancellation_reason: { ...old.subscription_cancel.cancellation_reason, ...given(reason ?? {}) },
    },
    subscription_pause: old.subscription_pause,
    subscription_update: {
      ...old.subscription_update,
      ...given(updatePlain),
      ...(products === undefined
        ? {}
        : { products: products.map((one) => ({ adjustable_quantity: { enabled: false, maximum: null, minimum: 1 }, ...one })) }),
      ...(schedule === undefined ? {} : { schedule_at_period_end: { conditions: schedule.conditions ?? [] } }),
    },
  };
}

function configurationOf(world: World, id: string | undefined): PortalConfiguration {
  const found =
    id === undefined
      ? world.store.find('portal_configurations', (one) => one.is_default)
      : world.require('portal_configurations', id, 'configuration');
  if (found === undefined)
    throw invalidRequest(
      `No configuration provided and your ${world.account.livemode ? 'live' : 'test'} mode default configuration has not been created. Provide a configuration or create your default by saving your customer portal settings in ${world.account.livemode ? 'live' : 'test'} mode at https://dashboard.stripe.com/${world.account.livemode ? '' : 'test/'}settings/billing/portal.`,
    );
  if (!found.active) throw invalidRequest('This configuration is not active.', { param: 'configuration' });
  return found;
}

const NO_FLOW = {
  customer_update: null,
  subscription_cancel: null,
  subscription_pause: null,
  subscription_update: null,
  subscription_update_confirm: null,
};

/** @throws StripeError 400 for a flow that the configuration does not allow, or of somebody else's subscription */
function flowOf(
  world: World,
  customer: string,
  { features }: PortalConfiguration,
  data: z.output<typeof flowSchema> | undefined,
): PortalSession['flow'] {
  if (data === undefined) return null;
  const { type, after_completion: after } = data;
  const wanted = type === 'payment_method_update' ? undefined : data[type];
  const feature = type === 'subscription_update_confirm' ? 'subscription_update' : type;
  if (type !== 'payment_method_update' && wanted === undefined)
    throw invalidRequest(`Missing required param: flow_data[${type}].`, { code: 'parameter_missing', param: `flow_data[${type}]` });
  if (!features[feature].enabled)
    throw invalidRequest(`You can’t use this flow because the ${feature} feature in the portal configuration is disabled.`, {
      param: 'flow_data[type]',
    });
  const param = `flow_data[${type}][subscription]`;
  const subscription = wanted === undefined ? undefined : world.require('subscriptions', wanted.subscription, param);
  if (subscription !== undefined && subscription.customer !== customer) throw resourceMissing('subscription', subscription.id, param);
  const flow = { ...NO_FLOW, after_completion: afterCompletion(after), type };
  if (type === 'subscription_cancel') {
    if (subscription?.cancel_at != null || subscription?.status === 'canceled')
      throw invalidRequest('This subscription is already set to be canceled.', { param });
    return { ...flow, subscription_cancel: { retention: null, subscription: subscription?.id ?? '' } };
  }
  if (type === 'subscription_update') return { ...flow, subscription_update: { subscription: subscription?.id ?? '' } };
  if (subscription === undefined || type === 'payment_method_update') return flow;
  const items = data.subscription_update_confirm?.items ?? [];
  for (const [at, item] of items.entries()) requireChange(world, subscription, features, item, at);
  return {
    ...flow,
    subscription_update_confirm: {
      discounts: null,
      items: items.map(({ id, price, quantity }) => ({ id, price: price ?? null, ...(quantity === undefined ? {} : { quantity }) })),
      subscription: subscription.id,
    },
  };
}

function requireChange(
  world: World,
  subscription: Subscription,
  features: PortalFeatures,
  { id, price, quantity }: { id: string; price?: string | undefined; quantity?: number | undefined },
  at: number,
): void {
  const param = `flow_data[subscription_update_confirm][items][${at}]`;
  const old = subscription.items.data.find((item) => item.id === id);
  if (old === undefined) throw resourceMissing('subscription item', id, `${param}[id]`);
  if (price !== undefined) {
    world.require('prices', price, `${param}[price]`);
    if (features.subscription_update.products?.some((one) => one.prices.includes(price)) !== true)
      throw invalidRequest(`The price ${price} is not among the prices of the portal configuration.`, { param: `${param}[price]` });
  }
  if ((price ?? old.price.id) === old.price.id && (quantity ?? old.quantity) === old.quantity)
    throw invalidRequest('The subscription update changes nothing.', { param });
}

const afterCompletion = (
  given: z.output<typeof flowSchema>['after_completion'],
): NonNullable<PortalSession['flow']>['after_completion'] => ({
  hosted_confirmation:
    given?.hosted_confirmation === undefined ? null : { custom_message: given.hosted_confirmation.custom_message ?? null },
  redirect: given?.redirect ?? null,
  type: given?.type ?? 'portal_homepage',
});

export const portalRoutes: Route[] = [
  route('POST', '/v1/billing_portal/sessions', sessionSchema, (world, parameters) => {
    const customer = world.require('customers', parameters.customer, 'customer');
    const configuration = configurationOf(world, parameters.configuration);
    const token = randomText(40);
    const session = newPortalSession(world.now(), `${world.address()}/p/session/${token}`, {
      customer: customer.id,
      configuration: configuration.id,
      flow: flowOf(world, customer.id, configuration, parameters.flow_data),
      locale: parameters.locale ?? null,
      return_url: parameters.return_url ?? configuration.default_return_url,
    });
    world.add('portal_tokens', { id: token, session: session.id });
    return world.add('portal_sessions', session, 'billing_portal.session.created');
  }),
  route(
    'POST',
    '/v1/billing_portal/configurations',
    z.strictObject({ ...configurationFields, features: featuresSchema }),
    (world, { features, metadata: pairs, business_profile: profile, login_page: login, ...plain }) => {
      const blank = newPortalConfiguration(world.now(), {});
      const made = {
        ...blank,
        ...given(plain),
        features: mergedFeatures(world, blank.features, features),
        metadata: mergeMetadata({}, pairs),
        business_profile: { ...blank.business_profile, ...given(profile ?? {}) },
        login_page: loginPage(world, blank.id, login?.enabled ?? false),
      };
      return world.add('portal_configurations', made, 'billing_portal.configuration.created');
    },
  ),
  retrieves('/v1/billing_portal/configurations', 'portal_configurations'),
  route(
    'POST',
    '/v1/billing_portal/configurations/:id',
    z.strictObject({ ...configurationFields, active: flag.optional(), features: featuresSchema.optional() }),
    (world, { features, metadata: pairs, business_profile: profile, login_page: login, ...plain }, id) => {
      const old = world.require('portal_configurations', id);
      if (old.is_default && plain.active === false)
        throw invalidRequest('You cannot deactivate the default configuration.', { param: 'active' });
      const patch: Partial<PortalConfiguration> = {
        ...given(plain),
        updated: world.now(),
        metadata: mergeMetadata(old.metadata ?? {}, pairs),
        ...(features === undefined ? {} : { features: mergedFeatures(world, old.features, features) }),
        business_profile: { ...old.business_profile, ...given(profile ?? {}) },
        ...(login === undefined ? {} : { login_page: loginPage(world, id, login.enabled) }),
      };
      return world.change('portal_configurations', old, patch, 'billing_portal.configuration.updated');
    },
  ),
  lists(
    '/v1/billing_portal/configurations',
    'portal_configurations',
    { active: flag.optional(), is_default: flag.optional() },
    (one, { active, is_default: byDefault }) =>
      (active === undefined || one.active === active) && (byDefault === undefined || one.is_default === byDefault),
  ),
];

const loginPage = (world: World, id: string, enabled: boolean): PortalConfiguration['login_page'] => ({
  enabled,
  url: enabled ? `${world.address()}/p/login/${id}` : null,
});
