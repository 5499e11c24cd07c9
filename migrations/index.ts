import { CreateUsers1795392000000 } from './1795392000000-create-users.js';
import { CreatePlans1795392000001 } from './1795392000001-create-plans.js';
import { CreateChatrooms1795392000002 } from './1795392000002-create-chatrooms.js';
import { CreateIdempotencyKeys1795392000003 } from './1795392000003-create-idempotency-keys.js';
import { CreateModelPauses1795392000004 } from './1795392000004-create-model-pauses.js';
import { IndexWhatExpires1795392000100 } from './1795392000100-index-what-expires.js';
import { FollowSubscriptions1795392000200 } from './1795392000200-follow-subscriptions.js';
import { CreateBilling1795392000201 } from './1795392000201-create-billing.js';
import { CloseCustomersOfErasedUsers1795392000202 } from './1795392000202-close-customers-of-erased-users.js';
import { AddRuns1795392000300 } from './1795392000300-add-runs.js';
import { IndexWords1795392000301 } from './1795392000301-index-words.js';
import { CreateRollUps1795392000350 } from './1795392000350-create-roll-ups.js';
import { CreateDigests1795392000351 } from './1795392000351-create-digests.js';
import { CreateAuditLog1795392000400 } from './1795392000400-create-audit-log.js';
import { ForgiveAttempts1795392000401 } from './1795392000401-forgive-attempts.js';
import { IndexWhatAdministratorsList1795392000402 } from './1795392000402-index-what-administrators-list.js';
import { KeepFiguresOfTheAdministration1795392000403 } from './1795392000403-keep-figures-of-the-administration.js';
import { LetTheAuditLogExpire1795392000450 } from './1795392000450-let-the-audit-log-expire.js';
import { KeepWhatEventsSay1795392000600 } from './1795392000600-keep-what-events-say.js';
import { SuspectMessages1795824000100 } from './1795824000100-suspect-messages.js';
import { BoundWaits1795824000101 } from './1795824000101-bound-waits.js';
import { IndexRetryableReplies1795824000150 } from './1795824000150-index-retryable-replies.js';
import { CountTitleRequests1795824000151 } from './1795824000151-count-title-requests.js';
import { IndexTitleDigests1795824000152 } from './1795824000152-index-title-digests.js';
import { VersionWords1795824000200 } from './1795824000200-version-words.js';
import { IndexOutdatedWords1795824000201 } from './1795824000201-index-outdated-words.js';
import { CountWhatUsersKeep1795824000300 } from './1795824000300-count-what-users-keep.js';
import { KeepOneAccountPerPhone1795824000350 } from './1795824000350-keep-one-account-per-phone.js';
import { KeepTheDayOfErasedAccounts1795824000351 } from './1795824000351-keep-the-day-of-erased-accounts.js';
import { NoteReclaimedAccounts1795824000400 } from './1795824000400-note-reclaimed-accounts.js';

/** All migrations in the order in which they run. Append only. */
export const migrations = [
  CreateUsers1795392000000,
  CreatePlans1795392000001,
  CreateChatrooms1795392000002,
  CreateIdempotencyKeys1795392000003,
  CreateModelPauses1795392000004,
  IndexWhatExpires1795392000100,
  FollowSubscriptions1795392000200,
  CreateBilling1795392000201,
  CloseCustomersOfErasedUsers1795392000202,
  AddRuns1795392000300,
  IndexWords1795392000301,
  CreateRollUps1795392000350,
  CreateDigests1795392000351,
  CreateAuditLog1795392000400,
  ForgiveAttempts1795392000401,
  IndexWhatAdministratorsList1795392000402,
  KeepFiguresOfTheAdministration1795392000403,
  LetTheAuditLogExpire1795392000450,
  KeepWhatEventsSay1795392000600,
  SuspectMessages1795824000100,
  BoundWaits1795824000101,
  IndexRetryableReplies1795824000150,
  CountTitleRequests1795824000151,
  IndexTitleDigests1795824000152,
  VersionWords1795824000200,
  IndexOutdatedWords1795824000201,
  CountWhatUsersKeep1795824000300,
  KeepOneAccountPerPhone1795824000350,
  KeepTheDayOfErasedAccounts1795824000351,
  NoteReclaimedAccounts1795824000400,
] as const;
