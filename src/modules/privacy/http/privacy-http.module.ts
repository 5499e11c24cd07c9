import { type DynamicModule, Module } from '@nestjs/common';
import type { PersonalData } from '../../../database/personal-data.js';
import { PrivacyModule } from '../privacy.module.js';
import { PrivacyController } from './privacy.controller.js';

@Module({ controllers: [PrivacyController] })
export class PrivacyHttpModule {
  /** @param parts of the export, which the modules declare */
  static forRoot(parts: readonly PersonalData[]): DynamicModule {
    return { module: PrivacyHttpModule, imports: [PrivacyModule.forRoot(parts)] };
  }
}
