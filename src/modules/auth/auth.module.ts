import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UsersModule } from '../users/index.js';
import { AccessStrategy } from './access.strategy.js';
import { AccessTokens } from './access-tokens.js';
import { AuthService } from './auth.service.js';
import { OtpChallengeEntity } from './otp-challenge.entity.js';
import { OtpRepository } from './otp.repository.js';
import { OtpService } from './otp.service.js';
import { SessionEntity } from './session.entity.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [UsersModule, JwtModule.register({}), TypeOrmModule.forFeature([SessionEntity, OtpChallengeEntity])],
  providers: [AuthService, OtpService, OtpRepository, SessionsService, SessionsRepository, AccessTokens, AccessStrategy],
  exports: [AuthService, SessionsService, AccessStrategy, AccessTokens],
})
export class AuthModule {}
