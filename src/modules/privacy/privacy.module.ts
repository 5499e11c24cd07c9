import { type DynamicModule, Module } from '@nestjs/common';
import type { PersonalData } from '../../database/personal-data.js';
import { AttachmentsModule } from '../attachments/index.js';
import { AuthModule } from '../auth/index.js';
import { BillingModule } from '../billing/index.js';
import { LiveEventsModule } from '../live-events/index.js';
import { MessagesModule } from '../messages/index.js';
import { UsersModule } from '../users/index.js';
import { ErasureService } from './erasure.service.js';
import { ExportService, PERSONAL_DATA_TOKEN } from './export.service.js';
import { PersonalDataRepository } from './personal-data.repository.js';

/**
 * The rights of a person over everything that is stored about them: its export and its erasure. Both concern the tables
 * of every module, and no other module uses this one.
 */
@Module({})
export class PrivacyModule {
  /** @param parts of the export, which the modules declare */
  static forRoot(parts: readonly PersonalData[]): DynamicModule {
    return {
      module: PrivacyModule,
      imports: [AttachmentsModule, AuthModule, BillingModule, LiveEventsModule, MessagesModule, UsersModule],
      providers: [{ provide: PERSONAL_DATA_TOKEN, useValue: parts }, ErasureService, ExportService, PersonalDataRepository],
      exports: [ErasureService, ExportService],
    };
  }
}
