import { validateSync } from 'class-validator';
import { propertyName } from './flag.js';
import { textOfValue } from './flag-value.js';
import type { OptionProblem } from './option-problem.js';
import type { Setting } from './resolve-flags.js';

/** Every rule of the class that the settings break, in the order of its properties; `settings` say where values came from. */
export function validateSettings(instance: object, settings: readonly Setting[]): OptionProblem[] {
  const byProperty = new Map(settings.map((setting) => [propertyName(setting.flag), setting]));
  return validateSync(instance, { forbidUnknownValues: true }).flatMap((failure) => {
    const setting = byProperty.get(failure.property);
    if (setting === undefined) throw new Error(`no flag for the property ${failure.property}`);
    return Object.entries(failure.constraints ?? {}).map(([rule, message]) => {
      const context = failure.contexts?.[rule] as { expected?: string } | undefined;
      return problem(setting, message, context?.expected ?? '');
    });
  });
}

function problem({ flag, value, origin }: Setting, message: string, expected: string): OptionProblem {
  const text = textOfValue(flag.type, value);
  const filled = message.replace(/\{(flag|value)\}/g, (_, name) => (name === 'flag' ? flag.name : text));
  return { flag: flag.name, message: filled, usage: false, option: origin, value: text, expected };
}
