import { Module } from '@nestjs/common';
import { OtpDeliveryModule } from '../../../integrations/otp-delivery/index.js';
import { SubscriptionsModule } from '../subscriptions.module.js';
import { GrantEndNoticesService } from './grant-end-notices.service.js';

@Module({ imports: [SubscriptionsModule, OtpDeliveryModule], providers: [GrantEndNoticesService] })
export class SubscriptionsWorkerModule {}
