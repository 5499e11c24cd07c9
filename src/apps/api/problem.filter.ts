import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../common/errors/app-error.js';
import {
  BadRequestError,
  InternalError,
  MalformedJsonError,
  NotFoundError,
  PayloadTooLargeError,
  RangeNotSatisfiableError,
  ServiceUnavailableError,
  UnsupportedMediaTypeError,
} from '../../common/errors/common.errors.js';
import { RepeatedError } from '../../common/logging/repeated-error.js';
import { PROBLEM_MEDIA_TYPE, statusOf, toProblem } from '../../common/http/problem.js';
import { isDatabaseUnavailable, isUserGone } from '../../database/database.errors.js';
import { PaymentProviderRefusedError, StripeRefusalError } from '../../integrations/stripe/index.js';
import { SessionEndedError } from '../../modules/auth/index.js';
import { logRefusal } from './refusal-events.js';
import { noteForLine } from './request-log.js';

/** Turns every exception into a problem document. Nothing else of an exception reaches the client. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);
  /** Faults by their reasons, which are few: codes of ours, of PostgreSQL and of vendors, and names of errors. */
  private readonly faults = new Map<string, RepeatedError>();

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(exception, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(exception: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = toAppError(exception);
    const { kind } = error.definition;
    if (kind === 'internal') this.logger.error(exception, { request_id: request.id });
    else if (kind === 'bad_gateway' || kind === 'unavailable') this.logFault(error, request);
    else logRefusal(error, request);
    noteForLine(request, { problem: error.definition.code });
    if (reply.sent || reply.raw.headersSent) return;
    if (error.retryAfterSeconds !== null) reply.header('retry-after', String(error.retryAfterSeconds));
    if (kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
    reply
      .status(statusOf(kind))
      .header('content-type', PROBLEM_MEDIA_TYPE)
      .send(Buffer.from(JSON.stringify(toProblem(error, request.id))));
  }

  /**
   * Logs what keeps this service from answering, once for each reason in ten minutes: every request meets it while it
   * lasts, and has a line of its own with the code of the problem. An error without a cause is a state that has been
   * logged where it was found, such as a key that Stripe does not accept.
   */
  private logFault(error: AppError, request: FastifyRequest): void {
    if (error.cause === undefined) return;
    const reason = `${error.definition.code} ${reasonOf(error.cause)}`;
    const fault = this.faults.get(reason) ?? new RepeatedError(this.logger);
    this.faults.set(reason, fault);
    fault.log(error.message, error, { request_id: request.id });
  }
}

function toAppError(exception: unknown): AppError {
  if (exception instanceof AppError) return exception;
  if (isUserGone(exception)) return new SessionEndedError();
  // Services handle the refusals that follow from the state of a subscription. Any other one is the operator's.
  if (exception instanceof StripeRefusalError) return new PaymentProviderRefusedError({ cause: exception });
  const status: number = exception instanceof HttpException ? exception.getStatus() : statusCodeOf(exception);
  // The status tells a lost database from a client that leaves in the middle of its body, which is ECONNRESET too.
  if (status >= 500 && isDatabaseUnavailable(exception)) return new ServiceUnavailableError({ cause: exception });
  switch (status) {
    case 400:
      return exception instanceof SyntaxError ||
        codeOf(exception) === 'FST_ERR_CTP_INVALID_JSON_BODY' ||
        codeOf(exception) === 'FST_ERR_CTP_EMPTY_JSON_BODY'
        ? new MalformedJsonError()
        : new BadRequestError();
    case 403:
    case 404:
    case 405:
    case 414:
      return new NotFoundError();
    case 413:
      return new PayloadTooLargeError();
    case 415:
      return new UnsupportedMediaTypeError();
    case 416:
      return new RangeNotSatisfiableError();
    default:
      return status >= 400 && status < 500 ? new BadRequestError() : new InternalError({ cause: exception });
  }
}

function statusCodeOf(exception: unknown): number {
  if (typeof exception !== 'object' || exception === null) return 500;
  const { statusCode } = exception as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}

function reasonOf(cause: unknown): string {
  const code = codeOf(cause);
  if (typeof code === 'string') return code;
  return cause instanceof Error ? cause.constructor.name : typeof cause;
}

function codeOf(exception: unknown): unknown {
  return typeof exception === 'object' && exception !== null ? (exception as { code?: unknown }).code : undefined;
}
