import { z } from 'zod';

/** How long a model thinks before it answers, in Gemini's words (`thinkingLevel`). */
export const REASONING_LEVELS = ['minimal', 'low', 'medium', 'high'] as const;
export type ReasoningLevel = (typeof REASONING_LEVELS)[number];

/**
 * The models that users can choose. The first model of a plan is its default. Prices are in US dollars per million
 * tokens; thinking is billed as output. A setting of an earlier release, which does not have the optional members,
 * offers none of what they stand for.
 */
export const modelsSchema = z
  .array(
    z.strictObject({
      id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,99}$/),
      name: z.string().min(1).max(100),
      plan: z.enum(['basic', 'pro']),
      context_tokens: z.int().min(1_000),
      input_usd: z.number().min(0),
      output_usd: z.number().min(0),
      /** Whether it takes the files of messages: pictures, PDFs and text. */
      attachments: z.boolean().optional(),
      /** Whether it can search the web with Google. */
      web_search: z.boolean().optional(),
      /** The price of one search query in US dollars. */
      search_usd: z.number().min(0).optional(),
      reasoning: z.array(z.enum(REASONING_LEVELS)).optional(),
    }),
  )
  .min(1)
  .refine((models) => models.some(({ plan }) => plan === 'basic'), 'at least one model must be for the plan basic')
  .refine((models) => new Set(models.map(({ id }) => id)).size === models.length, 'the ids must differ');

export type ModelSetting = z.infer<typeof modelsSchema>[number];

const COMMON = { attachments: true, web_search: true, search_usd: 0.014 } as const;
const FLASH = { ...COMMON, reasoning: [...REASONING_LEVELS] };

// ai.google.dev/gemini-api/docs/pricing, November 2026
export const DEFAULT_MODELS: readonly ModelSetting[] = [
  {
    id: 'gemini-3.5-flash-lite',
    name: 'Gemini 3.5 Flash-Lite',
    plan: 'basic',
    context_tokens: 1_048_576,
    input_usd: 0.3,
    output_usd: 2.5,
    ...FLASH,
  },
  { id: 'gemini-3.8-flash', name: 'Gemini 3.8 Flash', plan: 'pro', context_tokens: 1_048_576, input_usd: 1.5, output_usd: 7.5, ...FLASH },
  {
    id: 'gemini-4-argon',
    name: 'Gemini 4 Argon',
    plan: 'pro',
    context_tokens: 1_048_576,
    input_usd: 4,
    output_usd: 20,
    ...COMMON,
    reasoning: ['low', 'high'],
  },
];
