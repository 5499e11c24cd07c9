import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import owasp from '@stoplight/spectral-owasp-ruleset';
import { oas } from '@stoplight/spectral-rulesets';
import { Spectral } from '@stoplight/spectral-core';

interface Exception {
  readonly rule: string;
  /** The places in the document, by their path with dots; all places without it. */
  readonly at?: RegExp;
  readonly reason: string;
}

const FILE = 'openapi.json';
const source = readFileSync(FILE, 'utf8');

/** The places that describe what clients send. The answers are bounded by the server itself. */
const REQUEST = /\.requestBody\.|\.parameters\.|^components\.(parameters|schemas\.\w+(Request|Document))\b/;
const OUTSIDE_REQUESTS = new RegExp(`^(?!.*(?:${REQUEST.source}))`);
const PUBLIC = /^paths\.\/(health|metrics|auth|plans|models|webhook|subscription\/return|file)/;

const OWASP_EXCEPTIONS: readonly Exception[] = [
  ...['array-limit', 'integer-limit', 'integer-format', 'string-limit', 'string-restricted'].map((rule) => ({
    rule: `owasp:api4:2023-${rule}`,
    at: OUTSIDE_REQUESTS,
    reason: 'A limit protects the reader of a value; ours reads requests. The size of answers is bounded by pages.',
  })),
  {
    rule: 'owasp:api4:2023-integer-format',
    reason: 'Each integer of a request has a minimum and a maximum, which say more than its width.',
  },
  {
    rule: 'owasp:api4:2023-array-limit',
    at: /messages$/,
    reason: 'The messages of an import are bounded by the size of its body, 20 MiB.',
  },
  { rule: 'owasp:api4:2023-string-restricted', reason: 'Names and messages are text of people; their length is limited.' },
  {
    rule: 'owasp:api4:2023-rate-limit',
    at: /\.responses\.(?!2)|^paths\.\/(health|webhook)/,
    reason: 'The headers are on every answer of a throttled route; they are written down at its successes, and 429 has Retry-After.',
  },
  {
    rule: 'owasp:api4:2023-rate-limit-responses-429',
    at: /^paths\.\/(health|webhook)/,
    reason: 'Probes and the webhook are not throttled.',
  },
  {
    rule: 'owasp:api8:2023-define-cors-origin',
    reason: 'Which origins may call is a setting of each deployment (CORS_ORIGINS), none by default.',
  },
  {
    rule: 'owasp:api8:2023-define-error-responses-401',
    at: PUBLIC,
    reason: 'These routes need no token.',
  },
  { rule: 'owasp:api2:2023-read-restricted', at: PUBLIC, reason: 'These routes need no token.' },
  { rule: 'owasp:api2:2023-write-restricted', at: PUBLIC, reason: 'Sign-in comes before the token; the webhook has a signature.' },
  {
    rule: 'owasp:api5:2023-admin-security-unique',
    reason: 'An administrator has the same kind of token; the role is read with the session at each request.',
  },
];

async function lint(ruleset: object): Promise<{ rule: string; at: string; message: string }[]> {
  const linter = new Spectral();
  linter.setRuleset({ extends: [[ruleset, 'recommended']] } as Parameters<Spectral['setRuleset']>[0]);
  const results = await linter.run(source);
  return results.map(({ code, path, message }) => ({ rule: String(code), at: path.join('.'), message }));
}

/** What is left after the exceptions, and the exceptions that nothing needs any more. */
function judge(results: readonly { rule: string; at: string; message: string }[], exceptions: readonly Exception[]) {
  const used = new Set<Exception>();
  const faults = results.filter(({ rule, at }) => {
    const exception = exceptions.find((one) => one.rule === rule && (one.at?.test(at) ?? true));
    if (exception) used.add(exception);
    return !exception;
  });
  return {
    faults: faults.map(({ rule, at, message }) => `${rule} at ${at}: ${message}`),
    unused: exceptions.filter((exception) => !used.has(exception)).map(({ rule }) => rule),
  };
}

test('Redocly finds nothing by its recommended rules', async () => {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source, absoluteRef: FILE, config });
  expect(problems.map(({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer ?? ''}: ${message}`)).toEqual([]);
});

test('Spectral finds nothing by its OpenAPI rules', async () => {
  expect(judge(await lint(oas), [])).toEqual({ faults: [], unused: [] });
});

test('Spectral finds nothing by the OWASP rules but what has a reason', async () => {
  expect(judge(await lint(owasp), OWASP_EXCEPTIONS)).toEqual({ faults: [], unused: [] });
});
