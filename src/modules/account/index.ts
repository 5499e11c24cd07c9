/**
 * The rights of a person over everything that is stored about them: a copy of it, and its erasure. Both touch every module's tables.
 */
export { AccountModule } from './account.module.js';
