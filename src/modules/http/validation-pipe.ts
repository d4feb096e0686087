import { BadRequestException, type ValidationError, ValidationPipe } from '@nestjs/common';
import * as classTransformer from 'class-transformer';
import * as classValidator from 'class-validator';

/** One thing wrong with a request. */
export interface FieldProblem {
  /** Path of the field, `scopes[0]`; '' is the body itself. */
  readonly field: string;
  readonly value: unknown;
  readonly expected: string;
}

/** 400 that names each field, its value and what was expected. */
export function invalidFields(errors: readonly FieldProblem[]): BadRequestException {
  const message = errors
    .map(
      ({ field, value, expected }) =>
        `${field || 'the body'} is ${JSON.stringify(value)}, expected ${expected}`,
    )
    .join('; ');
  return new BadRequestException({ message, errors });
}

export function invalidField(field: string, value: unknown, expected: string): BadRequestException {
  return invalidFields([{ field, value, expected }]);
}

/** Validates bodies against their DTO. The message of each DTO decorator says what is expected, and nothing else. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    // Given, so that Nest does not look for them at run time, where a bundle has no packages.
    validatorPackage: classValidator,
    transformerPackage: classTransformer,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    validationError: { target: true, value: true },
    exceptionFactory: (errors) => invalidFields(errors.map(problemOf)),
  });
}

function problemOf({ property, value, constraints, target }: ValidationError): FieldProblem {
  const expected =
    constraints && 'whitelistValidation' in constraints
      ? `no such field; the fields are ${fieldsOf(target).join(', ')}`
      : Object.values(constraints ?? {}).join(' and ');
  return { field: property, value, expected };
}

function fieldsOf(target: object | undefined): readonly string[] {
  if (!target) return [];
  const rules = classValidator
    .getMetadataStorage()
    .getTargetValidationMetadatas(target.constructor, '', false, false);
  return [...new Set(rules.map((rule) => rule.propertyName))].sort();
}
