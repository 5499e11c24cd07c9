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
import { CountFailedSyncRuns1795910400100 } from './1795910400100-count-failed-sync-runs.js';
import { StoreTheStripeAccount1795910400101 } from './1795910400101-store-the-stripe-account.js';
import { KeepFormerCustomers1795910400102 } from './1795910400102-keep-former-customers.js';
import { LookAtEverybodyWhoPaid1795910400103 } from './1795910400103-look-at-everybody-who-paid.js';
import { OweRefunds1795910400150 } from './1795910400150-owe-refunds.js';
import { NameThePriceOfCheckouts1795910400200 } from './1795910400200-name-the-price-of-checkouts.js';
import { ShowWhatPayersPay1795910400201 } from './1795910400201-show-what-payers-pay.js';
import { GiveTrialsOnce1795910400202 } from './1795910400202-give-trials-once.js';
import { TellOfGrantsThatEnded1795910400210 } from './1795910400210-tell-of-grants-that-ended.js';
import { CountWhatUsersSpend1795910400250 } from './1795910400250-count-what-users-spend.js';
import { GatherWordsInTheIndex1795910400600 } from './1795910400600-gather-words-in-the-index.js';
import { PushChangesOfUsersToStripe1795921200100 } from './1795921200100-push-changes-of-users-to-stripe.js';
import { IndexEventsByType1795921200400 } from './1795921200400-index-events-by-type.js';
import { ChooseSearchAndReasoning1795921200700 } from './1795921200700-choose-search-and-reasoning.js';
import { KeepWhatAnswersRestOn1795921200701 } from './1795921200701-keep-what-answers-rest-on.js';
import { KeepFeedback1795921200702 } from './1795921200702-keep-feedback.js';
import { KeepTheOriginOfReplies1795960800400 } from './1795960800400-keep-the-origin-of-replies.js';
import { KeepAttachments1795960800500 } from './1795960800500-keep-attachments.js';
import { CountFilesOfContexts1795960800550 } from './1795960800550-count-files-of-contexts.js';
import { RememberTokensOfAttachments1795960800551 } from './1795960800551-remember-tokens-of-attachments.js';
import { RememberUploadsToTheModel1795960800552 } from './1795960800552-remember-uploads-to-the-model.js';
import { ReleasePayersOfReclaimedAccounts1795996800100 } from './1795996800100-release-payers-of-reclaimed-accounts.js';
import { CountDetailsOfReplies1795996800700 } from './1795996800700-count-details-of-replies.js';
import { CountSearchesAndThoughts1795996800701 } from './1795996800701-count-searches-and-thoughts.js';
import { IndexFeedbackByRating1795996800702 } from './1795996800702-index-feedback-by-rating.js';
import { ValidateReasoning1795996800710 } from './1795996800710-validate-reasoning.js';

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
  CountFailedSyncRuns1795910400100,
  StoreTheStripeAccount1795910400101,
  KeepFormerCustomers1795910400102,
  LookAtEverybodyWhoPaid1795910400103,
  OweRefunds1795910400150,
  NameThePriceOfCheckouts1795910400200,
  ShowWhatPayersPay1795910400201,
  GiveTrialsOnce1795910400202,
  TellOfGrantsThatEnded1795910400210,
  CountWhatUsersSpend1795910400250,
  GatherWordsInTheIndex1795910400600,
  PushChangesOfUsersToStripe1795921200100,
  IndexEventsByType1795921200400,
  ChooseSearchAndReasoning1795921200700,
  KeepWhatAnswersRestOn1795921200701,
  KeepFeedback1795921200702,
  KeepTheOriginOfReplies1795960800400,
  KeepAttachments1795960800500,
  CountFilesOfContexts1795960800550,
  RememberTokensOfAttachments1795960800551,
  RememberUploadsToTheModel1795960800552,
  ReleasePayersOfReclaimedAccounts1795996800100,
  CountDetailsOfReplies1795996800700,
  CountSearchesAndThoughts1795996800701,
  IndexFeedbackByRating1795996800702,
  ValidateReasoning1795996800710,
] as const;
