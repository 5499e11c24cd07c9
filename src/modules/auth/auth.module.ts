import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UsersModule } from '../users/index.js';
import { AccessStrategy } from './access.strategy.js';
import { AccessTokensService } from './access-tokens.service.js';
import { AuthService } from './auth.service.js';
import { KnownClientsService } from './known-clients.service.js';
import { NetworkLimitsService } from './network-limits.service.js';
import { OneTimeCodesService } from './one-time-codes.service.js';
import { OtpChallengeEntity } from './otp-challenge.entity.js';
import { OTP_QUEUE, OtpQueue } from './otp.queue.js';
import { OtpRepository } from './otp.repository.js';
import { OtpService } from './otp.service.js';
import { SessionEntity } from './session.entity.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [
    UsersModule,
    JwtModule.register({}),
    TypeOrmModule.forFeature([SessionEntity, OtpChallengeEntity]),
    BullModule.registerQueue({ name: OTP_QUEUE }),
  ],
  providers: [
    AuthService,
    KnownClientsService,
    NetworkLimitsService,
    OtpService,
    OtpRepository,
    OtpQueue,
    OneTimeCodesService,
    SessionsService,
    SessionsRepository,
    AccessTokensService,
    AccessStrategy,
  ],
  exports: [
    AuthService,
    OtpService,
    OtpRepository,
    OtpQueue,
    OneTimeCodesService,
    SessionsService,
    SessionsRepository,
    AccessStrategy,
    AccessTokensService,
  ],
})
export class AuthModule {}
