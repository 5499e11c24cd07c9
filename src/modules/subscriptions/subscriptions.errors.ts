import { AppError } from '../../common/errors/app-error.js';

export class NoGrantError extends AppError {
  static override readonly code = 'no_grant';
  static override readonly kind = 'conflict';
  static override readonly title = 'There is no grant';

  constructor() {
    super('This user has no grant that could be extended.');
  }
}
