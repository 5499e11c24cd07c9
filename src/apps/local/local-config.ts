import { LOOPBACK } from '../../common/http/allowed-origins.js';
import { type Config, loadConfig } from '../../config/env.js';
import { isOtpResponseAllowed } from '../../config/setting-conflicts.js';

/** Loads the settings of the local mode. Its parts add URLs and secrets when they have started. */
export function loadLocalConfig(): Config {
  const config = loadConfig({
    defaults: {
      LOG_LEVEL: 'warn',
      DRAIN_SECONDS: '5',
      // There is no load balancer.
      DRAIN_DELAY_SECONDS: '0',
      REQUIRE_VERIFIED_NUMBER: 'false',
      ADMIN_REQUIRE_OTP: 'false',
      CHAT_UI_ENABLED: 'true',
      CORS_ORIGINS: LOOPBACK,
      RECONCILE_INTERVAL: '10s',
      // All users of the local mode have the loopback address.
      NETWORK_SIGN_UPS_PER_HOUR: '10000',
      NETWORK_SIGN_UPS_PER_DAY: '10000',
      NETWORK_CODES_PER_HOUR: '10000',
      NETWORK_CODES_PER_DAY: '10000',
      NETWORK_WRONG_PASSWORDS: '10000',
      NETWORK_WRONG_CODES: '10000',
    },
    ignore: ['REDIS_URL', 'METRICS_PORT'],
  });
  return { ...config, OTP_DELIVERY: config.OTP_DELIVERY ?? (isOtpResponseAllowed(config) ? 'response' : 'log') };
}
