import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsDate, IsIn, IsString, IsUUID, Length, ValidateIf } from 'class-validator';
import { isId } from '../../../common/ids.js';

const RFC_3339 = /^((?:19|[2-8]\d)\d\d-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Leaves a value that is no moment as it is, for the validator. */
export function toMoment({ value }: { value: unknown }): unknown {
  const day = typeof value === 'string' ? RFC_3339.exec(value)?.[1] : undefined;
  // `Date` turns 31 February into a day in March.
  return day !== undefined && isDay(day) ? new Date(value as string) : value;
}

function isDay(text: string): boolean {
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

/** Only an absent filter is left out; null is invalid. */
const unlessLeftOut = () => ValidateIf((_, value) => value !== undefined);

/** A moment (RFC 3339), or a UTC day, which stands for its beginning. */
export const IsMoment = (description: string) =>
  applyDecorators(
    ApiPropertyOptional({ type: String, format: 'date-time', description, example: '2026-11-22T00:00:00.000Z' }),
    unlessLeftOut(),
    Transform(toMoment),
    IsDate({ message: (args) => `${args.property} must be a time such as 2026-11-22T00:00:00.000Z, or a day` }),
  );

/** An id to filter by. */
export const IsFilterId = (description: string) =>
  applyDecorators(
    ApiPropertyOptional({ type: String, format: 'uuid', description, example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' }),
    unlessLeftOut(),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' && isId(value) ? value.toLowerCase() : value)),
    IsUUID(undefined, { message: (args) => `${args.property} must be a UUID` }),
  );

/** The name of a user to filter by, in any case. */
export const IsFilterName = (description: string) =>
  applyDecorators(
    ApiPropertyOptional({ type: String, minLength: 1, maxLength: 200, description, example: 'ada.lovelace' }),
    unlessLeftOut(),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim().toLowerCase() : value)),
    IsString({ message: (args) => `${args.property} must be a username` }),
    Length(1, 200, { message: (args) => `${args.property} must be a username` }),
  );

/** One of a few words to filter by. */
export const IsFilterWord = (words: readonly string[], description?: string) =>
  applyDecorators(
    ApiPropertyOptional({ enum: words, ...(description === undefined ? {} : { description }) }),
    unlessLeftOut(),
    IsIn(words, { message: (args) => `${args.property} must be one of ${words.join(', ')}` }),
  );
