import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { PasswordHasherService } from './password-hasher.service.js';
import { PasswordsService } from './passwords.service.js';
import { UserEntity } from './user.entity.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [SubscriptionsModule, TypeOrmModule.forFeature([UserEntity])],
  providers: [UsersService, UsersRepository, PasswordsService, PasswordHasherService],
  exports: [UsersService, PasswordsService],
})
export class UsersModule {}
