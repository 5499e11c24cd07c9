import { Module } from '@nestjs/common';
import { BillingModule } from '../billing.module.js';
import { BillingProcessor } from './billing.processor.js';
import { BillingSweeper } from './billing-sweeper.js';
import { CustomerCloser } from './customer-closer.js';
import { EventHandler } from './event-handler.js';
import { Reconciliation } from './reconciliation.js';

@Module({ imports: [BillingModule], providers: [BillingProcessor, BillingSweeper, CustomerCloser, EventHandler, Reconciliation] })
export class BillingWorkerModule {}
