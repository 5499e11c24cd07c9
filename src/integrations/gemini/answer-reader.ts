import { type GenerateContentResponse } from '@google/genai';
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
}

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
  private readonly text = new WellFormedText();
  private finishReason: string | null = null;
  private blockReason: string | null = null;
  private usage: TokenUsage | null = null;
  private modelVersion: string | null = null;

  /**
   * @returns the text that this part adds, without reasoning. Each part's usage replaces the one before, because
   * Gemini's counts are cumulative.
   */
  read(part: GenerateContentResponse): string {
    const candidate = part.candidates?.[0];
    this.finishReason = candidate?.finishReason ?? this.finishReason;
    this.blockReason = part.promptFeedback?.blockReason ?? this.blockReason;
    this.usage = usageOf(part) ?? this.usage;
    this.modelVersion = part.modelVersion ?? this.modelVersion;
    const parts = candidate?.content?.parts ?? [];
    return this.text.push(parts.map(({ text, thought }) => (thought === true ? '' : (text ?? ''))).join(''));
  }

  /**
   * The end of the answer; null if none was received: the answer is truncated, however cleanly the connection was
   * closed.
   */
  end(): AnswerEnd | null {
    const { usage, modelVersion } = this;
    if (this.blockReason !== null) return { finishReason: 'content-filter', blockReason: this.blockReason, usage, modelVersion };
    if (this.finishReason === null) return null;
    const finishReason = finishReasonOf(this.finishReason);
    return { finishReason, blockReason: finishReason === 'content-filter' ? this.finishReason : null, usage, modelVersion };
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
