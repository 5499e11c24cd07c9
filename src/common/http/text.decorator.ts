import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsOptional, registerDecorator } from 'class-validator';
import { hasVisibleText, trimLines } from '../visible-text.js';

interface TextRules {
  readonly min?: number;
  readonly max: number;
  /** The text may have several lines, and the first one may be indented. Other texts are trimmed at both ends. */
  readonly multiline?: boolean;
}

/**
 * Text of `min` (default 1) to `max` code points, some of them visible. It is trimmed before it is counted and stored.
 */
export const IsText = (rules: TextRules) => applyDecorators(Trimmed(rules), IsWithin(rules));

/** The same as `IsText` for a field that may be absent or null. */
export const IsNullableText = (rules: TextRules) => applyDecorators(Trimmed(rules), IsOptional(), IsWithin(rules));

const Trimmed = ({ multiline = false }: TextRules) =>
  Transform(({ value }: { value: unknown }) => {
    if (typeof value !== 'string') return value;
    return multiline ? trimLines(value) : value.trim();
  });

function IsWithin(rules: TextRules): PropertyDecorator {
  return (target, propertyName) => {
    registerDecorator({
      name: 'isText',
      target: target.constructor,
      propertyName: String(propertyName),
      validator: {
        validate: (value: unknown) => isWithin(value, rules) && hasVisibleText(value),
        defaultMessage: (args) => {
          const field = args?.property ?? 'value';
          const { min = 1, max } = rules;
          return isWithin(args?.value, rules)
            ? `${field} must have visible characters`
            : `${field} must be text of ${min} to ${max} characters`;
        },
      },
    });
  };
}

function isWithin(value: unknown, { min = 1, max }: TextRules): value is string {
  if (typeof value !== 'string') return false;
  // A code point is one or two UTF-16 units. They are counted only when the length alone does not decide.
  if (value.length < min || value.length > 2 * max) return false;
  const codePoints = value.length <= max && min <= 1 ? value.length : Array.from(value).length;
  return codePoints >= min && codePoints <= max;
}
