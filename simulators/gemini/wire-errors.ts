/** An answer that is an error, in the shape of Google's APIs: `{error: {code, message, status, details}}`. */
export class WireError extends Error {
  constructor(
    readonly code: number,
    readonly status: string,
    message: string,
    readonly details: readonly Record<string, unknown>[] = [],
  ) {
    super(message);
  }

  body(): Record<string, unknown> {
    return {
      error: {
        code: this.code,
        message: this.message,
        status: this.status,
        ...(this.details.length > 0 ? { details: this.details } : {}),
      },
    };
  }
}

/** 400 with the field that is wrong, as Gemini names it (`contents[0].role`). */
export function invalidArgument(field: string, description: string): WireError {
  return new WireError(400, 'INVALID_ARGUMENT', `Invalid value at '${field}': ${description}`, [
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description }] },
  ]);
}

export function invalidApiKey(): WireError {
  return new WireError(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key. (simulated)', [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'API_KEY_INVALID',
      domain: 'googleapis.com',
      metadata: { service: 'generativelanguage.googleapis.com' },
    },
  ]);
}

export function modelNotFound(name: string): WireError {
  return new WireError(404, 'NOT_FOUND', `models/${name} is not found for API version v1beta (simulated).`);
}

export function unsupportedType(mimeType: string): WireError {
  return new WireError(400, 'INVALID_ARGUMENT', `Unsupported MIME type: ${mimeType} (simulated)`);
}

export function unreadableFile(message: string): WireError {
  return new WireError(400, 'INVALID_ARGUMENT', `${message} (simulated)`);
}

/** Gemini answers the same for a file that is gone and for one of another project. */
export function fileMissing(id: string): WireError {
  return new WireError(403, 'PERMISSION_DENIED', `You do not have permission to access the File ${id} or it may not exist. (simulated)`);
}

export function fileNotActive(id: string): WireError {
  return new WireError(400, 'FAILED_PRECONDITION', `The File ${id} is not in an ACTIVE state and usage is not allowed. (simulated)`);
}

/** @param retryDelaySeconds what RetryInfo tells the caller to wait */
export function quotaExceeded(window: 'PerMinute' | 'PerDay', model: string, retryDelaySeconds: number): WireError {
  return new WireError(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota. (simulated)', [
    {
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [
        {
          quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
          quotaId: `GenerateRequests${window}PerProjectPerModel-FreeTier`,
          quotaDimensions: { location: 'global', model },
          quotaValue: window === 'PerDay' ? '20' : '5',
        },
      ],
    },
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryDelaySeconds}s` },
  ]);
}

const BY_STATUS: Readonly<Record<number, [status: string, message: string]>> = {
  400: ['INVALID_ARGUMENT', 'Request contains an invalid argument.'],
  401: ['UNAUTHENTICATED', 'Request had invalid authentication credentials.'],
  403: ['PERMISSION_DENIED', 'The caller does not have permission.'],
  404: ['NOT_FOUND', 'Requested entity was not found.'],
  429: ['RESOURCE_EXHAUSTED', 'Resource has been exhausted.'],
  499: ['CANCELLED', 'The operation was cancelled.'],
  500: ['INTERNAL', 'An internal error has occurred.'],
  502: ['BAD_GATEWAY', 'Bad gateway.'],
  503: ['UNAVAILABLE', 'The model is overloaded. Please try again later.'],
  504: ['DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'],
};

/** The error that Gemini gives with an HTTP status, without details. */
export function errorOfStatus(code: number): WireError {
  const [status, message] = BY_STATUS[code] ?? ['UNKNOWN', 'Unknown error.'];
  return new WireError(code, status, `${message} (simulated)`);
}
