/** Files that users attach to messages: uploads, what they may be, their bytes, and their deletion. */
export {
  ATTACHMENT_NAMES_OF_MESSAGE,
  ATTACHMENTS_OF_MESSAGE,
  type AttachmentSummary,
  IS_TAKEABLE,
  searchableText,
  type StoredAttachment,
} from './attachment.js';
export { AttachmentLinkResponse, AttachmentResponse, toAttachmentResponse } from './attachment.response.js';
export { AttachmentLostError } from './attachments.errors.js';
export { AttachmentsModule } from './attachments.module.js';
export { AttachmentsService } from './attachments.service.js';
export { LinkAddresses } from './link-addresses.js';
export { type AttachmentLink, LinksService } from './links.service.js';
