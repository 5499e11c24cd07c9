import { z } from 'zod';
import type { FieldError } from '../../../common/errors/common.errors.js';
import { isWebAddress, SOURCE_LIMITS } from '../../../integrations/gemini/index.js';
import { detailBytesOf } from '../outcomes.js';
import { anyText } from './text-schema.js';

/** The limit in code points. A summary of thoughts is shorter than the thoughts, which have at most 24,576 tokens. */
const MAX_REASONING = 100_000;
/** More stretches of thoughts and text than any answer has. */
const MAX_PARTS = 10_000;

const offset = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** `items` beside the two that are listed, because linters of OpenAPI ask for it. */
const passage = z.tuple([offset, offset]).meta({ items: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } });

const source = z.strictObject({
  title: anyText(1, SOURCE_LIMITS.title),
  url: anyText(1, SOURCE_LIMITS.url).refine(isWebAddress, { message: 'must be an http or https address' }),
  passages: z
    .array(passage)
    .max(SOURCE_LIMITS.passages)
    .meta({ description: 'Start and end of each passage of the content that rests on the page, in UTF-16 units.' }),
});

/** What a reply of a document has beside its text. Absent members say that there is none. */
export const REPLY_DETAILS = {
  reasoning: anyText(1, MAX_REASONING).optional().meta({ description: "The model's summary of its thoughts." }),
  part_lengths: z
    .array(offset)
    .max(MAX_PARTS)
    .optional()
    .meta({ description: 'The lengths in UTF-16 units of thoughts, text, thoughts and so on, where not all thoughts come first.' }),
  sources: z
    .array(source)
    .max(SOURCE_LIMITS.sources)
    .optional()
    .meta({ description: 'The pages that an answer with web search rests on.' }),
  search_suggestions: anyText(1, SOURCE_LIMITS.suggestions).optional().meta({ description: "Google's HTML." }),
};

/** A message; one of the user has no details. */
type Detailed = { readonly content: string } & { readonly [Member in keyof Details]?: z.infer<Details[Member]> };
type Details = typeof REPLY_DETAILS;

/** Faults of offsets, which have to lead between characters of the texts. */
export function faultsOfDetails({ content, reasoning = '', part_lengths: lengths, sources = [] }: Detailed): FieldError[] {
  const faults: FieldError[] = [];
  for (const [i, { passages }] of sources.entries()) {
    const isWithin = passages.every(([start, end]) => start < end && isBoundary(content, start) && isBoundary(content, end));
    if (!isWithin) faults.push({ field: `sources.${i}.passages`, message: 'each passage must be a part of the content' });
  }
  if (lengths !== undefined && !arePartsOf(lengths, reasoning, content))
    faults.push({ field: 'part_lengths', message: 'must be the lengths of the parts of reasoning and content' });
  return faults;
}

function arePartsOf(lengths: readonly number[], reasoning: string, content: string): boolean {
  const ends = [0, 0];
  const texts = [reasoning, content];
  for (const [i, length] of lengths.entries()) {
    const end = (ends[i % 2] ?? 0) + length;
    if (!isBoundary(texts[i % 2] ?? '', end) || (length === 0 && i > 0)) return false;
    ends[i % 2] = end;
  }
  return ends[0] === reasoning.length && ends[1] === content.length;
}

/** Between two characters, not in the middle of one of two UTF-16 units. */
const isBoundary = (text: string, at: number): boolean => at <= text.length && !/[\uDC00-\uDFFF]/.test(text.charAt(at));

/** The bytes that a message takes of its user's storage, and the part of its details in them. */
export function sizeOf({ content, reasoning, sources, search_suggestions: searchSuggestions }: Detailed) {
  const details = { reasoning: reasoning ?? null, sources: sources ?? null, searchSuggestions: searchSuggestions ?? null };
  const detailBytes = detailBytesOf(details);
  return { bytes: Buffer.byteLength(content) + detailBytes, detailBytes };
}
