import { z } from 'zod';

/**
 * The models that users can choose. The first model of a plan is its default. Prices are in US dollars per million
 * tokens; thinking is billed as output.
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
    }),
  )
  .min(1)
  .refine((models) => models.some(({ plan }) => plan === 'basic'), 'at least one model must be for the plan basic')
  .refine((models) => new Set(models.map(({ id }) => id)).size === models.length, 'the ids must differ');

export type ModelSetting = z.infer<typeof modelsSchema>[number];

// ai.google.dev/gemini-api/docs/pricing, November 2026
export const DEFAULT_MODELS: readonly ModelSetting[] = [
  { id: 'gemini-3.5-flash-lite', name: 'Gemini 3.5 Flash-Lite', plan: 'basic', context_tokens: 1_048_576, input_usd: 0.3, output_usd: 2.5 },
  { id: 'gemini-3.8-flash', name: 'Gemini 3.8 Flash', plan: 'pro', context_tokens: 1_048_576, input_usd: 1.5, output_usd: 7.5 },
  { id: 'gemini-4-argon', name: 'Gemini 4 Argon', plan: 'pro', context_tokens: 1_048_576, input_usd: 4, output_usd: 20 },
];
