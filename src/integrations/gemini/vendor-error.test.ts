import { ApiError } from '@google/genai';
import { GeminiError } from './gemini.errors.js';
import { toGeminiError } from './vendor-error.js';

function apiError(status: number, vendorStatus: string, details: object[] = [], before = ''): ApiError {
  return new ApiError({
    status,
    message: before + JSON.stringify({ error: { code: status, message: 'words', status: vendorStatus, details } }),
  });
}

function sorted(error: unknown, answering = false) {
  const { code, retryable, retryAfterMs } = toGeminiError(error, answering);
  return [code, retryable, retryAfterMs];
}

const quota = (quotaId: string) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaId: 'Other' }, { quotaId }],
});
const retry = (retryDelay: unknown) => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay });

describe('toGeminiError', () => {
  test.each([
    [400, 'INVALID_ARGUMENT', 'request_rejected', false],
    [400, 'FAILED_PRECONDITION', 'model_misconfigured', false],
    [401, 'UNAUTHENTICATED', 'model_misconfigured', false],
    [403, 'PERMISSION_DENIED', 'model_misconfigured', false],
    [404, 'NOT_FOUND', 'model_misconfigured', false],
    [405, '', 'model_misconfigured', false],
    [408, '', 'model_unavailable', true],
    [409, 'ABORTED', 'model_unavailable', true],
    [413, '', 'request_rejected', false],
    [429, 'RESOURCE_EXHAUSTED', 'model_rate_limited', true],
    [429, '', 'model_rate_limited', true],
    [400, 'RESOURCE_EXHAUSTED', 'model_rate_limited', true],
    [400, 'UNAVAILABLE', 'model_overloaded', true],
    [400, 'CANCELLED', 'model_unavailable', true],
    [499, 'CANCELLED', 'model_unavailable', true],
    [499, '', 'model_unavailable', true],
    [500, 'INTERNAL', 'model_unavailable', true],
    [502, '', 'model_unavailable', true],
    [503, 'UNAVAILABLE', 'model_overloaded', true],
    [504, 'DEADLINE_EXCEEDED', 'model_unavailable', true],
    [529, '', 'model_unavailable', true],
  ])('%d %s is %s, retryable: %s', (status, vendorStatus, code, retryable) => {
    expect(sorted(apiError(status, vendorStatus))).toEqual([code, retryable, null]);
  });

  test.each([
    'The model is overloaded. Please try again later.',
    'This model is currently experiencing high demand.',
    'The service is temporarily unavailable.',
  ])('%s: a refusal in the words of a server under load says nothing about the request', (message) => {
    const error = new ApiError({ status: 400, message: JSON.stringify({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }) });
    expect(sorted(error)).toEqual(['model_overloaded', true, null]);
  });

  test.each([
    ['30', 30_000],
    [' 0 ', 0],
    ['99999999999999', 86_400_000],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 86_400_000],
    ['soon', null],
    ['', null],
    [null, null],
  ])('Retry-After %j is %p ms', (header, milliseconds) => {
    expect(toGeminiError(apiError(503, 'UNAVAILABLE'), false, header)).toMatchObject({
      code: 'model_overloaded',
      retryAfterMs: milliseconds,
      status: 503,
    });
  });

  test('a date in Retry-After is as far away as it is from now', () => {
    const { retryAfterMs } = toGeminiError(apiError(503, ''), false, new Date(Date.now() + 60_000).toUTCString());
    expect(retryAfterMs).toBeGreaterThan(30_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  test('RetryInfo says more than Retry-After', () => {
    expect(toGeminiError(apiError(429, '', [retry('2s')]), false, '30').retryAfterMs).toBe(2_000);
  });

  test('a bad key is a 400 that is no fault of the request', () => {
    expect(sorted(apiError(400, 'INVALID_ARGUMENT', [{ reason: 'API_KEY_INVALID' }]))).toEqual(['model_misconfigured', false, null]);
  });

  test.each([
    ['23s', 23_000],
    ['20.044661790s', 20_045],
    ['0s', 0],
    ['99999999999999s', 86_400_000],
    [`${'9'.repeat(400)}s`, 86_400_000],
    ['-1s', null],
    ['soon', null],
    [{ seconds: 3 }, null],
  ])('RetryInfo %j is %p ms', (delay, milliseconds) => {
    const details = [quota('GenerateRequestsPerMinutePerProjectPerModel'), retry(delay)];
    expect(sorted(apiError(429, 'RESOURCE_EXHAUSTED', details))).toEqual(['model_rate_limited', true, milliseconds]);
  });

  test('one quota per day among the violated ones is enough to give up', () => {
    const details = [quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'), retry('23s')];
    expect(sorted(apiError(429, 'RESOURCE_EXHAUSTED', details))).toEqual(['model_quota_exhausted', false, 23_000]);
  });

  test('an error inside a stream, where the SDK writes words before the body, is read all the same', () => {
    expect(sorted(apiError(503, 'UNAVAILABLE', [retry('2s')], 'got status: UNAVAILABLE. '), true)).toEqual([
      'model_overloaded',
      true,
      2000,
    ]);
  });

  test.each([
    '',
    'no JSON',
    '{"error": ',
    '{"error": null}',
    '[]',
    '{"error": {"details": {"@type": 1}}}',
    '{"error": {"details": [null, 7]}}',
  ])('a body like %j is sorted by its status alone', (message) => {
    expect(sorted(new ApiError({ status: 429, message }))).toEqual(['model_rate_limited', true, null]);
  });

  test('a failure of the network is unavailable before the answer began and an interruption after', () => {
    expect(sorted(new TypeError('fetch failed'))).toEqual(['model_unavailable', true, null]);
    expect(sorted(new TypeError('terminated'), true)).toEqual(['stream_interrupted', true, null]);
  });

  test('our own error stays as it is, and a vendor error is only a cause', () => {
    const ours = new GeminiError('stream_interrupted');
    expect(toGeminiError(ours, false)).toBe(ours);
    const vendor = apiError(400, 'INVALID_ARGUMENT');
    const error = toGeminiError(vendor, false);
    expect({ message: error.message, cause: error.cause }).toEqual({ message: 'The model refused the request.', cause: vendor });
  });
});
