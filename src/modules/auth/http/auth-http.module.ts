import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AuthModule } from '../auth.module.js';
import { AccessGuard } from './access.guard.js';
import { AuthController } from './auth.controller.js';
import { RefreshCookieService } from './refresh-cookie.service.js';
import { SessionEndInterceptor } from './session-end.interceptor.js';
import { SessionWatchService } from './session-watch.service.js';
import { SessionsController } from './sessions.controller.js';

export { AccessGuard };

@Module({
  imports: [AuthModule],
  controllers: [AuthController, SessionsController],
  providers: [RefreshCookieService, SessionWatchService, AccessGuard, { provide: APP_INTERCEPTOR, useClass: SessionEndInterceptor }],
  exports: [AccessGuard],
})
export class AuthHttpModule {}
