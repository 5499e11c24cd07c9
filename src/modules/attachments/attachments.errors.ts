import { defineError } from '../../common/errors/app-error.js';

export class AttachmentInUseError extends defineError({
  code: 'attachment_in_use',
  kind: 'conflict',
  title: 'A message has the attachment',
  detail: 'An attachment is deleted with the chatrooms whose messages have it.',
}) {}
