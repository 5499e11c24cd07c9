import { CounterEntity } from '../../database/counter.entity.js';
import { IdempotencyKeyEntity } from '../../database/idempotency-key.entity.js';
import { ActiveUserDayEntity } from '../../modules/admin/active-user-day.entity.js';
import { AuditEntryEntity } from '../../modules/admin/audit-entry.entity.js';
import { OtpChallengeEntity } from '../../modules/auth/otp-challenge.entity.js';
import { SessionEntity } from '../../modules/auth/session.entity.js';
import { CheckoutEntity } from '../../modules/billing/checkout.entity.js';
import { CustomerClosureEntity } from '../../modules/billing/customer-closure.entity.js';
import { StripeCustomerEntity } from '../../modules/billing/stripe-customer.entity.js';
import { StripeCursorEntity } from '../../modules/billing/stripe-cursor.entity.js';
import { StripeEventEntity } from '../../modules/billing/stripe-event.entity.js';
import { ChatroomEntity } from '../../modules/chatrooms/chatroom.entity.js';
import { SummaryEntity } from '../../modules/messages/summaries/summary.entity.js';
import { MessageEntity } from '../../modules/messages/message.entity.js';
import { ModelPauseEntity } from '../../modules/messages/model-pause.entity.js';
import { ModelHourEntity } from '../../modules/messages/usage/model-hour.entity.js';
import { UserModelDayEntity } from '../../modules/messages/usage/user-model-day.entity.js';
import { ErasedDayEntity } from '../../modules/subscriptions/erased-day.entity.js';
import { GrantEntity } from '../../modules/subscriptions/grant.entity.js';
import { SubscriptionEntity } from '../../modules/subscriptions/subscription.entity.js';
import { SubscriptionTransitionEntity } from '../../modules/subscriptions/subscription-transition.entity.js';
import { UsageDayEntity } from '../../modules/subscriptions/usage-day.entity.js';
import { UserEntity } from '../../modules/users/user.entity.js';

/** All entities. Migrations are generated from them and compared with them. */
export const entities = [
  ActiveUserDayEntity,
  AuditEntryEntity,
  ChatroomEntity,
  CheckoutEntity,
  CounterEntity,
  CustomerClosureEntity,
  SummaryEntity,
  ErasedDayEntity,
  GrantEntity,
  IdempotencyKeyEntity,
  MessageEntity,
  ModelHourEntity,
  ModelPauseEntity,
  OtpChallengeEntity,
  SessionEntity,
  StripeCursorEntity,
  StripeCustomerEntity,
  StripeEventEntity,
  SubscriptionEntity,
  SubscriptionTransitionEntity,
  UsageDayEntity,
  UserEntity,
  UserModelDayEntity,
] as const;
