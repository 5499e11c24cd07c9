import { type GenerateContentResponse } from '@google/genai';
import { type WebSearch, WebSearchReader } from './sources.js';
import type { ThoughtSignature } from './thought-signatures.js';
import { WellFormedText } from './well-formed-text.js';

export type FinishReason = 'stop' | 'length' | 'content-filter' | 'other';

/** The tokens of a call, by which it is billed. */
export interface TokenUsage {
  inputTokens: number;
  /** The tokens of the visible answer, without `reasoningTokens`; Gemini bills both as output. */
  outputTokens: number;
  reasoningTokens: number;
  totalTokens: number;
}

export interface AnswerEnd {
  finishReason: FinishReason;
  /** The vendor's word for why the prompt or the answer was blocked; null unless `finishReason` is content-filter. */
  blockReason: string | null;
  usage: TokenUsage | null;
  /** The model that answered, which an alias resolved to. */
  modelVersion: string | null;
  /** Null where the model did not search the web. */
  webSearch: WebSearch | null;
  thoughtSignatures: ThoughtSignature[];
}

/** A piece of an answer: of its text, or of the summary of the thoughts that led to it. */
export interface AnswerPiece {
  readonly type: 'text' | 'reasoning';
  readonly text: string;
}

/** Characters of the signatures of one answer. The model does without those that are not sent back. */
const MAX_SIGNATURES = 65_536;

/** Reasons that mean a filter stopped the answer. The set is open: a new reason is `other`. */
const FILTERED: ReadonlySet<string> = new Set([
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
]);

/** Reads the parts of one answer, of which a stream has many and a unary call one. */
export class AnswerReader {
  private readonly pieces = { text: new WellFormedText(), reasoning: new WellFormedText() };
  private readonly webSearch = new WebSearchReader();
  private content = '';
  private signatures: ThoughtSignature[] = [];
  private finishReason: string | null = null;
  private blockReason: string | null = null;
  private usage: TokenUsage | null = null;
  private modelVersion: string | null = null;

  /**
   * @returns the pieces that this part adds. Each part's usage replaces the one before, because Gemini's counts are
   * cumulative.
   */
  read(part: GenerateContentResponse): AnswerPiece[] {
    const candidate = part.candidates?.[0];
    this.finishReason = candidate?.finishReason ?? this.finishReason;
    this.blockReason = part.promptFeedback?.blockReason ?? this.blockReason;
    this.usage = usageOf(part) ?? this.usage;
    this.modelVersion = part.modelVersion ?? this.modelVersion;
    if (candidate?.groundingMetadata) this.webSearch.add(candidate.groundingMetadata);
    const added: AnswerPiece[] = [];
    for (const { text = '', thought = false, thoughtSignature } of candidate?.content?.parts ?? []) {
      const type = thought ? 'reasoning' : 'text';
      const whole = this.pieces[type].push(text);
      if (whole !== '') added.push({ type, text: whole });
      if (thought) continue;
      this.content += whole;
      if (thoughtSignature !== undefined) this.sign(thoughtSignature);
    }
    return added;
  }

  private sign(signature: string): void {
    const size = this.signatures.reduce((sum, one) => sum + one.signature.length, signature.length);
    if (size <= MAX_SIGNATURES) this.signatures.push({ end: this.content.length, signature });
  }

  /**
   * The end of the answer; null if none was received: the answer is truncated, however cleanly the connection was
   * closed.
   */
  end(): AnswerEnd | null {
    const { usage, modelVersion, signatures: thoughtSignatures } = this;
    if (this.blockReason === null && this.finishReason === null) return null;
    const answer = { usage, modelVersion, webSearch: this.webSearch.end(this.content), thoughtSignatures };
    if (this.blockReason !== null) return { ...answer, finishReason: 'content-filter', blockReason: this.blockReason };
    const finishReason = finishReasonOf(this.finishReason ?? '');
    return { ...answer, finishReason, blockReason: finishReason === 'content-filter' ? this.finishReason : null };
  }
}

function finishReasonOf(reason: string): FinishReason {
  if (reason === 'STOP') return 'stop';
  if (reason === 'MAX_TOKENS') return 'length';
  return FILTERED.has(reason) ? 'content-filter' : 'other';
}

function usageOf({ usageMetadata }: GenerateContentResponse): TokenUsage | null {
  if (!usageMetadata) return null;
  const inputTokens = usageMetadata.promptTokenCount ?? 0;
  const outputTokens = usageMetadata.candidatesTokenCount ?? 0;
  const reasoningTokens = usageMetadata.thoughtsTokenCount ?? 0;
  const totalTokens = usageMetadata.totalTokenCount ?? inputTokens + outputTokens + reasoningTokens;
  return { inputTokens, outputTokens, reasoningTokens, totalTokens };
}
