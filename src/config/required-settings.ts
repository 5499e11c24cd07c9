/** What the API of production does not start without. */
export const API_REQUIRES = ['DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'OTP_DELIVERY'] as const;

/** What a worker of production does not start without. */
export const WORKER_REQUIRES = [...API_REQUIRES, 'GEMINI_API_KEY'] as const;
