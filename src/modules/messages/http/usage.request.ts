import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Validate, type ValidationArguments, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';

/** A day of the calendar as YYYY-MM-DD, in a year of four digits. */
@ValidatorConstraint()
class Day implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value !== 'string' || !/^[1-9]\d{3}-\d\d-\d\d$/.test(value)) return false;
    const time = Date.parse(`${value}T00:00:00Z`);
    return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
  }

  defaultMessage({ property }: ValidationArguments): string {
    return `${property} must be a day such as 2026-11-22`;
  }
}

const IsDay = (description: string) =>
  applyDecorators(ApiPropertyOptional({ format: 'date', description, example: '2026-11-22' }), IsOptional(), Validate(Day));

export class UsageQuery {
  @IsDay('First UTC day; the default makes a range of 30 days.')
  readonly from?: string;

  @IsDay('Last UTC day; the default is today. A range has at most 366 days.')
  readonly to?: string;
}
