import { Global, Module } from '@nestjs/common';
import { AccountContents } from '../auth/index.js';
import { BillingModule } from '../billing/index.js';
import { LiveEventsModule } from '../live-events/index.js';
import { MessagesModule } from '../messages/index.js';
import { StoredContentsService } from './stored-contents.service.js';

/**
 * Binds `AccountContents` of the module `auth`, which cannot import the modules that store the contents. It is global,
 * and every application that has `AuthModule` imports it.
 */
@Global()
@Module({
  imports: [BillingModule, LiveEventsModule, MessagesModule],
  providers: [{ provide: AccountContents, useClass: StoredContentsService }],
  exports: [AccountContents],
})
export class AccountContentsModule {}
