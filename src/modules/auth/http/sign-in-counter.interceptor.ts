import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  SetMetadata,
  UseInterceptors,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Observable, tap } from 'rxjs';
import { AppError } from '../../../common/errors/app-error.js';
import { Metrics } from '../../../common/metrics/metrics.js';

const METHOD_METADATA = 'sign-in:method';

type SignInMethod = 'password' | 'code' | 'refresh';

@Injectable()
class SignInCounter implements NestInterceptor {
  private readonly signIns;

  constructor(
    private readonly reflector: Reflector,
    metrics: Metrics,
  ) {
    this.signIns = metrics.counter('sign_ins_total', 'Sign-ins and refreshes, by their outcome: succeeded, or the code of the error.', [
      'method',
      'outcome',
    ]);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const method = this.reflector.get<SignInMethod>(METHOD_METADATA, context.getHandler());
    return next.handle().pipe(
      tap({
        complete: () => {
          this.signIns.inc({ method, outcome: 'succeeded' });
        },
        error: (error: unknown) => {
          this.signIns.inc({ method, outcome: error instanceof AppError ? error.definition.code : 'internal_error' });
        },
      }),
    );
  }
}

/** Counts the outcomes of a route that signs in. What the throttle refused before is counted by the throttle. */
export const CountsSignIns = (method: SignInMethod) =>
  applyDecorators(SetMetadata(METHOD_METADATA, method), UseInterceptors(SignInCounter));
