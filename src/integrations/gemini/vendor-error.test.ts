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
    [404, 'NOT_FOUND', 'request_rejected', false],
    [408, '', 'model_unavailable', true],
    [413, '', 'request_rejected', false],
    [429, 'RESOURCE_EXHAUSTED', 'model_rate_limited', true],
    [500, 'INTERNAL', 'model_unavailable', true],
    [502, '', 'model_unavailable', true],
    [503, 'UNAVAILABLE', 'model_overloaded', true],
    [504, 'DEADLINE_EXCEEDED', 'model_unavailable', true],
  ])('%d %s is %s, retryable: %s', (status, vendorStatus, code, retryable) => {
    expect(sorted(apiError(status, vendorStatus))).toEqual([code, retryable, null]);
  });

  test('a bad key is a 400 that is no fault of the request', () => {
    expect(sorted(apiError(400, 'INVALID_ARGUMENT', [{ reason: 'API_KEY_INVALID' }]))).toEqual(['model_misconfigured', false, null]);
  });

  test.each([
    ['23s', 23_000],
    ['20.044661790s', 20_045],
    ['0s', 0],
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
