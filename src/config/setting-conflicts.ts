import { weaknessOf } from './secret-strength.js';
import { descriptionOf, type Settings } from './settings.js';

export interface SettingProblem {
  readonly name: string;
  readonly reason: string;
}

/** Problems of settings that are each valid, but not together. */
export const conflictsOf = (settings: Settings): SettingProblem[] => [
  ...modelConflicts(settings),
  ...deliveryConflicts(settings),
  ...weakSecrets(settings),
  ...billingConflicts(settings),
  ...storeConflicts(settings),
];

function modelConflicts({ GEMINI_DIGEST_MODEL, GEMINI_MODELS }: Settings): SettingProblem[] {
  const isOffered = GEMINI_DIGEST_MODEL === undefined || GEMINI_MODELS.some(({ id }) => id === GEMINI_DIGEST_MODEL);
  return isOffered ? [] : [{ name: 'GEMINI_DIGEST_MODEL', reason: 'must be one of GEMINI_MODELS' }];
}

const REQUIRED_BY_DELIVERY = {
  response: [],
  log: [],
  twilio: ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'],
  smtp: ['SMTP_URL', 'SMTP_FROM'],
} as const;

function deliveryConflicts(settings: Settings): SettingProblem[] {
  const { OTP_DELIVERY } = settings;
  if (OTP_DELIVERY === undefined) return [];
  if (OTP_DELIVERY === 'response' && !isOtpResponseAllowed(settings)) {
    const reason =
      'response returns every code to the caller. It is allowed only while HOST is a loopback address, TRUSTED_PROXIES is unset and NODE_ENV is not production';
    return [{ name: 'OTP_DELIVERY', reason }];
  }
  return missing(settings, REQUIRED_BY_DELIVERY[OTP_DELIVERY], `OTP_DELIVERY=${OTP_DELIVERY}`);
}

/** Billing is configured completely or not at all. */
const billingConflicts = (settings: Settings): SettingProblem[] =>
  settings.STRIPE_SECRET_KEY === undefined
    ? []
    : missing(
        settings,
        ['STRIPE_WEBHOOK_SECRET', ...(settings.STRIPE_PRICES.length === 0 ? (['STRIPE_PRICE_PRO_ID'] as const) : [])],
        'STRIPE_SECRET_KEY',
      );

const storeConflicts = (settings: Settings): SettingProblem[] =>
  settings.ATTACHMENT_STORE === 's3'
    ? missing(settings, ['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'], 'ATTACHMENT_STORE=s3')
    : [];

const missing = (settings: Settings, names: readonly (keyof Settings)[], requiredBy: string): SettingProblem[] =>
  names
    .filter((name) => settings[name] === undefined)
    .map((name) => ({ name, reason: `required by ${requiredBy}: ${descriptionOf(name)}` }));

const SIGNING_SECRETS = ['JWT_SECRET', 'JWT_SECRET_PREVIOUS'] as const;
/** STRIPE_BASE_URL names a simulator of Stripe, which is given its secret. A weak one does no harm there. */
const WEBHOOK_SECRETS = ['STRIPE_WEBHOOK_SECRET', 'STRIPE_WEBHOOK_SECRET_PREVIOUS'] as const;

/**
 * A caller who guesses one of these secrets can sign in as any user or forge any event of Stripe, so production needs
 * strong ones.
 */
function weakSecrets(settings: Settings): SettingProblem[] {
  if (settings.NODE_ENV !== 'production') return [];
  return [...SIGNING_SECRETS, ...(settings.STRIPE_BASE_URL === undefined ? WEBHOOK_SECRETS : [])].flatMap((name) => {
    const secret = settings[name];
    const weakness = secret === undefined ? null : weaknessOf(secret);
    if (weakness === null) return [];
    const remedy = name.startsWith('JWT') ? '`openssl rand -base64 48` creates one' : 'Stripe shows it beside the endpoint';
    return [{ name, reason: `${weakness}, which is refused in production: ${remedy}` }];
  });
}

/** True when OTP_DELIVERY may be `response`: no other machine can reach the API. */
export const isOtpResponseAllowed = ({
  HOST,
  NODE_ENV,
  TRUSTED_PROXIES,
}: Pick<Settings, 'HOST' | 'NODE_ENV' | 'TRUSTED_PROXIES'>): boolean =>
  NODE_ENV !== 'production' && isLoopback(HOST) && TRUSTED_PROXIES === undefined;

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
