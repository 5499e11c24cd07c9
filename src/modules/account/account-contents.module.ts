import { Global, Module } from '@nestjs/common';
import { AccountContents } from '../auth/index.js';
import { MessagesModule } from '../messages/index.js';
import { StoredContents } from './stored-contents.js';

/** Tells the module `auth` what an account holds. Global, as `auth` cannot import it; every application that has `auth` has this too. */
@Global()
@Module({
  imports: [MessagesModule],
  providers: [{ provide: AccountContents, useClass: StoredContents }],
  exports: [AccountContents],
})
export class AccountContentsModule {}
