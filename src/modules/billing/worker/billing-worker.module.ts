import { Module } from '@nestjs/common';
import { BillingModule } from '../billing.module.js';
import { BillingProcessor } from './billing.processor.js';
import { BillingSweepService } from './billing-sweep.service.js';
import { CustomerClosuresService } from './customer-closures.service.js';
import { CustomerUpdatesService } from './customer-updates.service.js';
import { EventProcessingService } from './event-processing.service.js';
import { ReconciliationService } from './reconciliation.service.js';

@Module({
  imports: [BillingModule],
  providers: [
    BillingProcessor,
    BillingSweepService,
    CustomerClosuresService,
    CustomerUpdatesService,
    EventProcessingService,
    ReconciliationService,
  ],
})
export class BillingWorkerModule {}
