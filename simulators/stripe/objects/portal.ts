import type { Seconds } from '../clock.js';
import { newId } from '../ids.js';
import type { PortalConfiguration, PortalSession } from '../wire.js';

export type PortalFeatures = PortalConfiguration['features'];

export function newPortalSession(
  created: Seconds,
  url: string,
  given: Pick<PortalSession, 'customer' | 'configuration' | 'return_url' | 'locale' | 'flow'>,
): PortalSession {
  return {
    id: newId('bps'),
    object: 'billing_portal.session',
    created,
    customer_account: null,
    livemode: false,
    on_behalf_of: null,
    url,
    ...given,
  };
}

/** What a configuration allows that says nothing. */
const NOTHING: PortalFeatures = {
  customer_update: { allowed_updates: [], enabled: false },
  invoice_history: { enabled: false },
  payment_method_update: { enabled: false, payment_method_configuration: null },
  subscription_cancel: {
    cancellation_reason: { enabled: false, feedback_options: null, options: [] },
    enabled: false,
    mode: 'at_period_end',
    proration_behavior: 'none',
  },
  subscription_pause: { duration: { interval_options: [], type: 'indefinite' }, enabled: false },
  subscription_update: {
    billing_cycle_anchor: null,
    default_allowed_updates: [],
    enabled: false,
    products: null,
    proration_behavior: 'none',
    schedule_at_period_end: { conditions: [] },
    trial_update_behavior: 'end_trial',
  },
};

export function newPortalConfiguration(
  created: Seconds,
  features: Partial<PortalFeatures>,
  given: Partial<PortalConfiguration> = {},
): PortalConfiguration {
  return {
    id: newId('bpc'),
    object: 'billing_portal.configuration',
    active: true,
    application: null,
    business_profile: { headline: null, privacy_policy_url: null, terms_of_service_url: null },
    created,
    default_return_url: null,
    features: { ...NOTHING, ...features },
    is_default: false,
    livemode: false,
    login_page: { enabled: false, url: null },
    metadata: {},
    name: null,
    updated: created,
    ...given,
  };
}

export const DEFAULT_CONFIGURATION_ID = 'bpc_simulated_default';

/** The account's own configuration, as if its settings had been saved in the Dashboard. */
export function defaultPortalConfiguration(created: Seconds): PortalConfiguration {
  const features = {
    invoice_history: { enabled: true },
    payment_method_update: { enabled: true, payment_method_configuration: null },
    subscription_cancel: { ...NOTHING.subscription_cancel, enabled: true },
  };
  return newPortalConfiguration(created, features, { id: DEFAULT_CONFIGURATION_ID, is_default: true });
}
