import { readdirSync, readFileSync } from 'node:fs';
import { APP_GUARD } from '@nestjs/core';
import { ApiModule } from '../../src/apps/api/api.module.js';
import { loadConfig } from '../../src/config/env.js';

test('the guards of every route are registered in one place: the throttle, then access', () => {
  const providers = ApiModule.forRoot(loadConfig({ source: {} })).providers ?? [];
  expect(providers.map((provider) => ('useExisting' in provider ? [provider.provide, provider.useExisting.name] : []))).toEqual([
    [APP_GUARD, 'ThrottleGuard'],
    [APP_GUARD, 'AccessGuard'],
  ]);
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && readFileSync(`src/${file}`, 'utf8').includes('APP_GUARD'),
  );
  expect(files).toEqual(['apps/api/api.module.ts']);
});
