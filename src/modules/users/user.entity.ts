import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { Role } from '../../common/actor.js';

@Entity('users')
@Unique('uq_users_username', ['username'])
@Unique('uq_users_mobile_number', ['mobileNumber'])
@Unique('uq_users_email', ['email'])
@Index('ix_users_unverified', ['createdAt'], { where: 'verified_at IS NULL' })
@Index('ix_users_created_at', ['createdAt', 'id'])
@Index('ix_users_admins', ['createdAt', 'id'], { where: `(role = 'admin'::text)` })
@Index('ix_users_disabled', ['createdAt', 'id'], { where: 'disabled_at IS NOT NULL' })
@Index('ix_users_search', { synchronize: false })
@Check('ck_users_username', `username ~ '^[a-z][a-z0-9_.]{2,29}$'`)
@Check('ck_users_mobile_number', `mobile_number ~ '^\\+[1-9][0-9]{6,14}$'`)
@Check('ck_users_email', `email = lower(email)`)
@Check('ck_users_role', `role IN ('user', 'admin')`)
@Check('ck_users_unfinished_replies', `unfinished_replies >= 0`)
export class UserEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_users' })
  id!: string;

  @Column({ type: 'text' })
  username!: string;

  @Column({ name: 'mobile_number', type: 'text' })
  mobileNumber!: string;

  @Column({ type: 'text', nullable: true })
  email!: string | null;

  @Column({ name: 'password_hash', type: 'text', nullable: true })
  passwordHash!: string | null;

  @Column({ type: 'text', default: 'user' })
  role!: Role;

  @Column({ name: 'verified_at', type: 'timestamptz', precision: 3, nullable: true })
  verifiedAt!: Date | null;

  /** When the holder of the number took the account over from the person who had created it. */
  @Column({ name: 'reclaimed_at', type: 'timestamptz', precision: 3, nullable: true })
  reclaimedAt!: Date | null;

  @Column({ name: 'disabled_at', type: 'timestamptz', precision: 3, nullable: true })
  disabledAt!: Date | null;

  /** Raised in the transaction of every change of the user's chatroom list. */
  @Column({ name: 'list_version', type: 'bigint', default: 0 })
  listVersion!: string;

  @Column({ name: 'unfinished_replies', type: 'integer', default: 0 })
  unfinishedReplies!: number;

  /** The highest number of a message of the user in the index of words. The numbers may have gaps. */
  @Column({ name: 'indexed_messages', type: 'integer', default: 0 })
  indexedMessages!: number;

  /** The number of the user's chatrooms; valid once usageCountedAt is set. */
  @Column({ name: 'chatroom_count', type: 'integer', default: 0 })
  chatroomCount!: number;

  /** The bytes of the texts of all messages of the user, as UTF-8; valid once usageCountedAt is set. */
  @Column({ name: 'stored_bytes', type: 'bigint', default: 0 })
  storedBytes!: string;

  /** The bytes of the user's attachments, those that are being uploaded included. */
  @Column({ name: 'attachment_bytes', type: 'bigint', default: 0 })
  attachmentBytes!: string;

  /** When chatroomCount and storedBytes were last counted from the tables; null if they were not counted yet. */
  @Column({ name: 'usage_counted_at', type: 'timestamptz', precision: 3, nullable: true })
  usageCountedAt!: Date | null;

  /** The newest UTC day on which a reply of the user cost something. */
  @Column({ name: 'spent_day', type: 'date', nullable: true })
  spentDay!: string | null;

  /** The cost of the user's finished replies of that day, in millionths of a US dollar. */
  @Column({ name: 'spent_micros', type: 'bigint', default: 0 })
  spentMicros!: string;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
