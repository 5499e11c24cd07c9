import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UsersModule } from '../users/index.js';
import { AccessStrategy } from './access.strategy.js';
import { AccessTokens } from './access-tokens.js';
import { AuthService } from './auth.service.js';
import { KnownClients } from './known-clients.js';
import { NetworkLimits } from './network-limits.js';
import { OneTimeCodes } from './one-time-codes.js';
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
    KnownClients,
    NetworkLimits,
    OtpService,
    OtpRepository,
    OtpQueue,
    OneTimeCodes,
    SessionsService,
    SessionsRepository,
    AccessTokens,
    AccessStrategy,
  ],
  exports: [
    AuthService,
    OtpService,
    OtpRepository,
    OtpQueue,
    OneTimeCodes,
    SessionsService,
    SessionsRepository,
    AccessStrategy,
    AccessTokens,
  ],
})
export class AuthModule {}
