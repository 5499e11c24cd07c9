import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { TransitionCause } from './transition-cause.js';

/** A change of a user's entitlement, and its cause. Rows are never updated. */
@Entity('subscription_transitions')
@Check('ck_subscription_transitions_subject', `subject_kind IN ('subscription', 'grant')`)
@Index('ix_subscription_transitions_user', ['userId', 'createdAt', 'id'])
export class SubscriptionTransitionEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_subscription_transitions' })
  id!: string;

  @ForeignKey('UserEntity', { name: 'fk_subscription_transitions_user', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ name: 'subject_kind', type: 'text' })
  subjectKind!: 'subscription' | 'grant';

  @Column({ name: 'subject_id', type: 'uuid' })
  subjectId!: string;

  @Column({ type: 'text' })
  cause!: TransitionCause;

  /** The administrator who made the change; null for a change that Stripe reported. */
  @Column({ name: 'actor_id', type: 'uuid', nullable: true })
  actorId!: string | null;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  @Column({ type: 'jsonb', nullable: true })
  before!: object | null;

  @Column({ type: 'jsonb' })
  after!: object;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
