/**
 * Calls Gemini and translates its answers: events of text, one end, errors with stable codes that say whether to retry.
 * Only this folder imports `@google/genai`.
 */
export { type AnswerSchema, GeminiClient, type GeminiClientOptions, type GenerateEvent, type GenerateRequest } from './gemini.client.js';
export { GeminiError } from './gemini.errors.js';
export { GeminiModule } from './gemini.module.js';
