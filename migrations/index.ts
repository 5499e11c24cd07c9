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
import { CountWhatUsersKeep1795824000300 } from './1795824000300-count-what-users-keep.js';

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
  CountWhatUsersKeep1795824000300,
] as const;
