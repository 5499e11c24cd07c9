import { Module } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { GeminiFilesClient } from './files.client.js';
import { GeminiClient } from './gemini.client.js';
import type { GeminiClientOptions } from './vendor-call.js';

@Module({
  providers: [
    { provide: GeminiClient, inject: [InjectConfig.TOKEN], useFactory: (config: Config) => new GeminiClient(optionsOf(config)) },
    { provide: GeminiFilesClient, inject: [InjectConfig.TOKEN], useFactory: (config: Config) => new GeminiFilesClient(optionsOf(config)) },
  ],
  exports: [GeminiClient, GeminiFilesClient],
})
export class GeminiModule {}

function optionsOf(config: Config): GeminiClientOptions {
  if (config.GEMINI_API_KEY === undefined) throw new Error('GEMINI_API_KEY is required by every entry point that answers messages');
  return {
    apiKey: config.GEMINI_API_KEY,
    ...(config.GEMINI_BASE_URL === undefined ? {} : { baseUrl: config.GEMINI_BASE_URL }),
    firstTokenTimeoutMs: config.GEMINI_FIRST_TOKEN_TIMEOUT,
    idleTimeoutMs: config.GEMINI_IDLE_TIMEOUT,
    totalTimeoutMs: config.GEMINI_TOTAL_TIMEOUT,
  };
}
