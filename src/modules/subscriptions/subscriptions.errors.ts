import { AppError } from '../../common/errors/app-error.js';

export class TooManyChatroomsError extends AppError {
  static override readonly code = 'too_many_chatrooms';
  static override readonly kind = 'conflict';
  static override readonly title = 'Too many chatrooms';

  static override example(): AppError {
    return new TooManyChatroomsError(10_000);
  }

  constructor(limit: number) {
    super(`An account has at most ${limit} chatrooms. Delete one first.`, { limit });
  }
}

export class StorageFullError extends AppError {
  static override readonly code = 'storage_full';
  static override readonly kind = 'conflict';
  static override readonly title = 'The storage is full';

  static override example(): AppError {
    return new StorageFullError(52_428_800);
  }

  constructor(limit: number) {
    super(`The plan includes ${limit} bytes of storage, and this would exceed them. Delete chatrooms first.`, { limit });
  }
}

export class NoGrantError extends AppError {
  static override readonly code = 'no_grant';
  static override readonly kind = 'conflict';
  static override readonly title = 'There is no grant';

  constructor() {
    super('This user has no grant that could be extended.');
  }
}
