import { type DynamicModule, Inject, Module } from '@nestjs/common';
import type { Config } from './env.js';

const CONFIG = Symbol('CONFIG');

/** Injects the settings: `@InjectConfig() private readonly config: Config`. */
export const InjectConfig = () => Inject(CONFIG);
InjectConfig.TOKEN = CONFIG;

@Module({})
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    return { module: ConfigModule, global: true, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] };
  }
}
