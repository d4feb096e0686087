import {
  IsIn,
  Max,
  Min,
  registerDecorator,
  type ValidationArguments,
  type ValidationOptions,
} from 'class-validator';
import { formatGoDuration } from '../../common/go-duration.js';

/**
 * Class-validator rules for classes of settings. Each failure carries its text as message and what was expected as
 * context; `{flag}` and `{value}` are filled in where the problem is reported.
 */
export function OneOf(values: readonly (string | number)[], listed = values.join(', ')): PropertyDecorator {
  const message = `--{flag}={value} is invalid; supported values are [${listed}]`;
  return IsIn(values, { message, context: { expected: values.join(' or ') } });
}

export function InRange(low: number, high: number): PropertyDecorator {
  const options = rangeOptions(`${low}..${high}`);
  return all(Min(low, options), Max(high, options));
}

export function AtLeast(low: number): PropertyDecorator {
  return Min(low, rangeOptions(`${low} or more`));
}

export function DurationAtLeast(lowMs: number): PropertyDecorator {
  const expected = `${formatGoDuration(lowMs)} or longer`;
  return Min(lowMs, { message: `--{flag}={value} is invalid; must be ${expected}`, context: { expected } });
}

/** Any other rule: `fault` says what is wrong, or undefined. */
export function Rule<S extends object, V>(
  name: string,
  expected: string,
  fault: (value: V, settings: S) => string | undefined,
): PropertyDecorator {
  const apply = (args: ValidationArguments | undefined): string | undefined =>
    fault(args?.value as V, args?.object as S);
  return (target, property) => {
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(property),
      options: { message: (args) => apply(args) ?? '', context: { expected } },
      validator: { validate: (_value, args) => apply(args) === undefined },
    });
  };
}

function rangeOptions(expected: string): ValidationOptions {
  return { message: `--{flag}={value} is invalid; must be ${expected}`, context: { expected } };
}

function all(...decorators: PropertyDecorator[]): PropertyDecorator {
  return (target, property) => {
    for (const decorate of decorators) decorate(target, property);
  };
}
