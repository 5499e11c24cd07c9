import { Injectable, type PipeTransform } from '@nestjs/common';
import { NotFoundError } from '../errors/common.errors.js';
import { isId } from '../ids.js';

/** An id in a path. A malformed id is answered like an unknown one. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!isId(value)) throw new NotFoundError();
    return value.toLowerCase();
  }
}
