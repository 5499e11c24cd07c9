import { Module } from '@nestjs/common';
import { AccountModule } from '../account.module.js';
import { AccountController } from './account.controller.js';

@Module({ imports: [AccountModule], controllers: [AccountController] })
export class AccountHttpModule {}
