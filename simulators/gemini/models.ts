interface SimulatedModel {
  name: string;
  displayName: string;
}

const MODELS: readonly SimulatedModel[] = [
  { name: 'gemini-3.5-flash-lite', displayName: 'Gemini 3.5 Flash-Lite (simulated)' },
  { name: 'gemini-3.8-flash', displayName: 'Gemini 3.8 Flash (simulated)' },
  { name: 'gemini-4-argon', displayName: 'Gemini 4 Argon (simulated)' },
];

const ALIASES: Readonly<Record<string, string>> = {
  'gemini-flash-lite-latest': 'gemini-3.5-flash-lite',
  'gemini-flash-latest': 'gemini-3.8-flash',
  'gemini-pro-latest': 'gemini-4-argon',
};

/** The model that answers for a name or an alias, as Gemini reports it in `modelVersion`; null when there is none. */
export function modelVersionOf(name: string): string | null {
  const resolved = Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
  return MODELS.find((model) => model.name === resolved)?.name ?? null;
}

/** A model as `GET /v1beta/models/{name}` shows it; null when there is none. */
export function modelResource(name: string): Record<string, unknown> | null {
  const model = MODELS.find((candidate) => candidate.name === modelVersionOf(name));
  if (!model) return null;
  return {
    name: `models/${name}`,
    version: '001',
    displayName: model.displayName,
    description: 'A simulated model: it reads what it is sent and answers with words of its own making.',
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'countTokens'],
  };
}

export function modelResources(): (Record<string, unknown> | null)[] {
  return [...MODELS.map((model) => model.name), ...Object.keys(ALIASES)].map(modelResource);
}
