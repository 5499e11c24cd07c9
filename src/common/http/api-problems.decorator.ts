import { ApiExtension } from '@nestjs/swagger';
import type { AppErrorClass } from '../errors/app-error.js';
import { type Problem, toProblem } from './problem.js';

export const PROBLEMS_EXTENSION = 'x-problems';

const REQUEST_ID = '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f';

/** The problem document of an error, as an example. */
export const describeProblem = (error: AppErrorClass): Problem => toProblem(error.example(), REQUEST_ID);

/**
 * Documents the errors of a route. Errors that follow from a body, a path id or a signed-in caller are added by
 * themselves.
 */
export const ApiProblems = (...errors: readonly AppErrorClass[]) => ApiExtension(PROBLEMS_EXTENSION, errors.map(describeProblem));
