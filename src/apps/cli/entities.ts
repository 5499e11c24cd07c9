import { CounterEntity } from '../../database/counter.entity.js';
import { IdempotencyKeyEntity } from '../../database/idempotency-key.entity.js';
import { ObjectPieceEntity } from '../../integrations/object-store/object-piece.entity.js';
import { ActiveUserDayEntity } from '../../modules/admin/active-user-day.entity.js';
import { AuditEntryEntity } from '../../modules/admin/audit-entry.entity.js';
import { AttachmentEntity } from '../../modules/attachments/attachment.entity.js';
import { AttachmentRemovalEntity } from '../../modules/attachments/attachment-removal.entity.js';
import { MessageAttachmentEntity } from '../../modules/attachments/message-attachment.entity.js';
import { OtpChallengeEntity } from '../../modules/auth/otp-challenge.entity.js';
import { SessionEntity } from '../../modules/auth/session.entity.js';
import { CheckoutEntity } from '../../modules/billing/checkout.entity.js';
import { CustomerClosureEntity } from '../../modules/billing/customer-closure.entity.js';
import { CustomerUpdateEntity } from '../../modules/billing/customer-update.entity.js';
import { RefundEntity } from '../../modules/billing/refund.entity.js';
import { FormerCustomerEntity } from '../../modules/billing/former-customer.entity.js';
import { StripeAccountEntity } from '../../modules/billing/stripe-account.entity.js';
import { StripeCustomerEntity } from '../../modules/billing/stripe-customer.entity.js';
import { StripeCursorEntity } from '../../modules/billing/stripe-cursor.entity.js';
import { TrialClaimEntity } from '../../modules/billing/trial-claim.entity.js';
import { StripeEventEntity } from '../../modules/billing/stripe-event.entity.js';
import { ChatroomEntity } from '../../modules/chatrooms/chatroom.entity.js';
import { SummaryEntity } from '../../modules/messages/summaries/summary.entity.js';
import { FeedbackDayEntity } from '../../modules/messages/feedback/feedback-day.entity.js';
import { FeedbackEntity } from '../../modules/messages/feedback/feedback.entity.js';
import { MessageEntity } from '../../modules/messages/message.entity.js';
import { AttachmentTokensEntity } from '../../modules/messages/model-files/attachment-tokens.entity.js';
import { ModelFileEntity } from '../../modules/messages/model-files/model-file.entity.js';
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
  AttachmentEntity,
  AttachmentRemovalEntity,
  AuditEntryEntity,
  ChatroomEntity,
  CheckoutEntity,
  CounterEntity,
  CustomerClosureEntity,
  CustomerUpdateEntity,
  SummaryEntity,
  ErasedDayEntity,
  FeedbackDayEntity,
  FeedbackEntity,
  FormerCustomerEntity,
  GrantEntity,
  IdempotencyKeyEntity,
  AttachmentTokensEntity,
  MessageAttachmentEntity,
  MessageEntity,
  ModelFileEntity,
  ModelHourEntity,
  ModelPauseEntity,
  ObjectPieceEntity,
  OtpChallengeEntity,
  SessionEntity,
  RefundEntity,
  StripeAccountEntity,
  StripeCursorEntity,
  StripeCustomerEntity,
  StripeEventEntity,
  SubscriptionEntity,
  SubscriptionTransitionEntity,
  TrialClaimEntity,
  UsageDayEntity,
  UserEntity,
  UserModelDayEntity,
] as const;
