/**
 * Calls Gemini, with turns of text and files, and translates its answers: events of text and of thoughts, one end,
 * errors with stable codes that say whether to retry. Only this folder imports `@google/genai`.
 */
export type { AnswerPiece } from './answer-reader.js';
export { GeminiFilesClient, type RemoteFile } from './files.client.js';
export { type AnswerSchema, GeminiClient, type GenerateEvent, type GenerateRequest } from './gemini.client.js';
export { GeminiError } from './gemini.errors.js';
export { GeminiModule } from './gemini.module.js';
export { isWebAddress, type Source, SOURCE_LIMITS } from './sources.js';
export type { ThoughtSignature } from './thought-signatures.js';
export { inlineSizeOf, MAX_INLINE_BYTES, type Turn as ModelTurn, type TurnFile } from './turns.js';
export type { GeminiClientOptions } from './vendor-call.js';
