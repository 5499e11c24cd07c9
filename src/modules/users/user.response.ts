import { ApiProperty } from '@nestjs/swagger';
import type { Plan, Role } from '../../common/actor.js';
import type { UserProfile } from './users.repository.js';

export class UserResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly id!: string;

  @ApiProperty({ example: 'ada.lovelace' })
  readonly username!: string;

  @ApiProperty({ type: String, nullable: true, example: 'ada@example.com' })
  readonly email!: string | null;

  @ApiProperty({ description: 'The mobile number in E.164.', example: '+14155550123' })
  readonly mobile_number!: string;

  @ApiProperty({ description: 'Whether the user has proved to hold the mobile number.', example: true })
  readonly is_verified!: boolean;

  @ApiProperty({ description: 'False for an account that signs in with codes only.', example: true })
  readonly has_password!: boolean;

  @ApiProperty({ enum: ['user', 'admin'], example: 'user' })
  readonly role!: Role;

  @ApiProperty({ enum: ['basic', 'pro'], example: 'basic' })
  readonly plan!: Plan;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;
}

export const toUserResponse = (user: UserProfile): UserResponse => ({
  id: user.id,
  username: user.username,
  email: user.email,
  mobile_number: user.mobileNumber,
  is_verified: user.isVerified,
  has_password: user.hasPassword,
  role: user.role,
  plan: user.plan,
  created_at: user.createdAt.toISOString(),
});
