import { Refusal } from './refusal.ts';
import type { components } from './schema.d.ts';

/**
 * The body of an answer.
 * @throws Refusal
 */
export async function bodyOf<Body>(request: Promise<{ data?: Body; error?: unknown; response: Response }>): Promise<Body> {
  const { data, error, response } = await request.catch((cause: unknown) => {
    throw new Error('The server cannot be reached.', { cause });
  });
  if (response.ok) return data as Body;
  const isProblem = typeof error === 'object' && error !== null && 'code' in error;
  throw isProblem
    ? new Refusal(error as components['schemas']['Problem'])
    : new Refusal({ status: response.status, code: 'unknown', title: 'Refused', detail: `The server answered ${response.status}.` });
}
