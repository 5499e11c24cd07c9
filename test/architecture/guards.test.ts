import { readdirSync, readFileSync } from 'node:fs';
import { APP_GUARD } from '@nestjs/core';
import { ApiModule } from '../../src/apps/api/api.module.js';
import { ThrottleGuard } from '../../src/apps/api/throttling/throttle.guard.js';
import { loadConfig } from '../../src/config/env.js';
import { AccessGuard } from '../../src/modules/auth/http/auth-http.module.js';

test('the guards of every route are registered in one place: the throttle, then access', () => {
  const providers = ApiModule.forRoot(loadConfig({ source: {} })).providers ?? [];
  expect(providers).toEqual([
    { provide: APP_GUARD, useExisting: ThrottleGuard },
    { provide: APP_GUARD, useExisting: AccessGuard },
  ]);
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && readFileSync(`src/${file}`, 'utf8').includes('APP_GUARD'),
  );
  expect(files).toEqual(['apps/api/api.module.ts']);
});
