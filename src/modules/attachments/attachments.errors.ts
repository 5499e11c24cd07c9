import { defineError } from '../../common/errors/app-error.js';
import { ServiceUnavailableError } from '../../common/errors/common.errors.js';

const NOT_ACCEPTED = {
  form: 'Send the file as multipart/form-data, not compressed.',
  file: 'PNG, JPEG, WEBP, HEIC, PDF and UTF-8 text are accepted. The bytes of the file decide, not its name.',
} as const;

/** An upload that is no form, or whose file has no accepted type. */
export class UnsupportedFileError extends defineError({
  code: 'unsupported_media_type',
  kind: 'unsupported_media_type',
  title: 'The content type is not supported',
  occurrence: (what: keyof typeof NOT_ACCEPTED) => ({ detail: NOT_ACCEPTED[what] }),
  example: 'file',
}) {}

export class AttachmentInUseError extends defineError({
  code: 'attachment_in_use',
  kind: 'conflict',
  title: 'A message has the attachment',
  detail: 'An attachment is deleted with the chatrooms whose messages have it.',
}) {}

/** The store does not have the bytes of an attachment. */
export class AttachmentLostError extends ServiceUnavailableError {
  constructor(
    readonly attachmentId: string,
    options?: ErrorOptions,
  ) {
    super(options);
  }
}
