import { Module } from '@nestjs/common';
import { OtpDeliveryModule } from '../../../integrations/otp-delivery/index.js';
import { AuthModule } from '../auth.module.js';
import { AuthSweeper } from './auth-sweeper.js';
import { OtpProcessor } from './otp.processor.js';
import { OtpSender } from './otp-sender.js';
import { SmsBudget } from './sms-budget.js';

@Module({ imports: [AuthModule, OtpDeliveryModule], providers: [OtpProcessor, OtpSender, SmsBudget, AuthSweeper] })
export class AuthWorkerModule {}
