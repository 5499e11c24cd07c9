import { Module } from '@nestjs/common';
import { OtpDeliveryModule } from '../../../integrations/otp-delivery/index.js';
import { AuthModule } from '../auth.module.js';
import { AuthSweeperService } from './auth-sweeper.service.js';
import { OtpProcessor } from './otp.processor.js';
import { OtpSenderService } from './otp-sender.service.js';
import { SmsBudgetService } from './sms-budget.service.js';

@Module({ imports: [AuthModule, OtpDeliveryModule], providers: [OtpProcessor, OtpSenderService, SmsBudgetService, AuthSweeperService] })
export class AuthWorkerModule {}
