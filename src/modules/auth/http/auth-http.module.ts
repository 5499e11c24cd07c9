import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthModule } from '../auth.module.js';
import { AccessGuard } from './access.guard.js';
import { AuthController } from './auth.controller.js';
import { RefreshCookie } from './refresh-cookie.js';
import { SessionWatch } from './session-watch.js';
import { SessionsController } from './sessions.controller.js';

@Module({
  imports: [AuthModule],
  controllers: [AuthController, SessionsController],
  providers: [RefreshCookie, SessionWatch, { provide: APP_GUARD, useClass: AccessGuard }],
})
export class AuthHttpModule {}
