import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.js';
import { UsersModule } from '../users/index.js';
import { ErasureService } from './erasure.service.js';
import { ExportService } from './export.service.js';

@Module({ imports: [AuthModule, UsersModule], providers: [ErasureService, ExportService], exports: [ErasureService, ExportService] })
export class AccountModule {}
