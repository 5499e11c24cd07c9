import { ApiExtension } from '@nestjs/swagger';
import type { AppErrorClass } from '../errors/app-error.js';
import { statusOf } from './problem.js';

export interface DocumentedProblem {
  readonly code: string;
  readonly status: number;
  readonly title: string;
}

export const PROBLEMS_EXTENSION = 'x-problems';

export const describeProblem = ({ code, kind, title }: AppErrorClass): DocumentedProblem => ({ code, status: statusOf(kind), title });

/** Documents the errors of a route's own; those that follow from its having a body, a path id or a signed-in caller are added to the document. */
export const ApiProblems = (...errors: readonly AppErrorClass[]) => ApiExtension(PROBLEMS_EXTENSION, errors.map(describeProblem));
