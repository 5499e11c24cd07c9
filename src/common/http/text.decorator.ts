import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsOptional, registerDecorator } from 'class-validator';

interface TextLimits {
  readonly min?: number;
  readonly max: number;
}

/** Text of `min` (default 1) to `max` code points, trimmed before it is counted and kept. */
export const IsText = (limits: TextLimits) => applyDecorators(Trimmed(), IsWithin(limits));

/** As `IsText`, and may be absent or null. */
export const IsNullableText = (limits: TextLimits) => applyDecorators(Trimmed(), IsOptional(), IsWithin(limits));

const Trimmed = () => Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value));

function IsWithin({ min = 1, max }: TextLimits): PropertyDecorator {
  return (target, propertyName) => {
    registerDecorator({
      name: 'isText',
      target: target.constructor,
      propertyName: String(propertyName),
      validator: {
        validate: (value: unknown) => {
          if (typeof value !== 'string') return false;
          // A code point is one or two UTF-16 units: count only where the length does not settle it.
          if (value.length < min || value.length > 2 * max) return false;
          const codePoints = value.length <= max && min <= 1 ? value.length : Array.from(value).length;
          return codePoints >= min && codePoints <= max;
        },
        defaultMessage: (args) => `${args?.property ?? 'value'} must be text of ${min} to ${max} characters`,
      },
    });
  };
}
