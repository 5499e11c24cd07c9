import { AppError } from '../../common/errors/app-error.js';

export class ModelNotAvailableError extends AppError {
  static override readonly code = 'model_not_available';
  static override readonly kind = 'forbidden';
  static override readonly title = 'The model is not available';

  static override example(): AppError {
    return new ModelNotAvailableError('gemini-0-none');
  }

  constructor(model: string) {
    super('The plan of this account does not include this model, or there is none of this name.', { model });
  }
}
