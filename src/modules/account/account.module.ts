import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.js';
import { BillingModule } from '../billing/index.js';
import { MessagesModule } from '../messages/index.js';
import { UsersModule } from '../users/index.js';
import { ErasureService } from './erasure.service.js';
import { ExportService } from './export.service.js';

/**
 * The rights of a person over everything that is stored about them: a copy of it, and its erasure. Both touch every module's tables, and no
 * other module needs this one.
 */
@Module({
  imports: [AuthModule, BillingModule, MessagesModule, UsersModule],
  providers: [ErasureService, ExportService],
  exports: [ErasureService, ExportService],
})
export class AccountModule {}
