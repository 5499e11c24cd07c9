import { Injectable, type PipeTransform } from '@nestjs/common';
import { NotFoundError } from '../errors/common.errors.js';
import { isId } from '../ids.js';

/** An id in a path: a malformed one is simply unknown. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!isId(value)) throw new NotFoundError();
    return value.toLowerCase();
  }
}
