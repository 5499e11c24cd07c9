/** The reasons why a reply failed, in words that a frontend may show. */
const REPLY_ERRORS = {
  model_rate_limited: 'The model is busy. Try again in a moment.',
  model_quota_exhausted: "The service's quota for this model is used up. Try again later.",
  model_overloaded: 'The model is overloaded. Try again in a moment.',
  model_unavailable: 'The model cannot be reached. Try again in a moment.',
  model_timeout: 'The model took too long to answer.',
  stream_interrupted: 'The answer was cut off before its end.',
  empty_answer: 'The model gave no answer. Try again, or say it differently.',
  request_rejected: 'The model does not accept this conversation.',
  attachment_rejected: 'The model cannot read an attachment of this conversation.',
  attachment_unavailable: 'The model could not open an attachment. Try again in a moment.',
  model_misconfigured: 'The service is not set up to reach this model.',
  service_budget_reached: "The service's budget for today is used up. Try again tomorrow.",
  attempts_exhausted: 'The answer failed after several attempts.',
} as const;

export type ReplyErrorCode = keyof typeof REPLY_ERRORS;

export const REPLY_ERROR_CODES = Object.keys(REPLY_ERRORS) as ReplyErrorCode[];

/** The text for a stored code, also for a code of an earlier release. */
export const describeReplyError = (code: string): { code: string; message: string } => ({
  code,
  message: code in REPLY_ERRORS ? REPLY_ERRORS[code as ReplyErrorCode] : 'The answer failed.',
});
