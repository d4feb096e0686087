/** A path that is not understood; the message says where. */
export class JsonPathError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'JsonPathError';
  }
}

type Step = { readonly key: string } | { readonly index: number } | 'all';

const stepPattern = /\.?\[\*\]|\.\*|\.?\[(-?\d+)\]|\.?\['([^']+)'\]|\.([\w-]+)/y;

/**
 * What `-o jsonpath=` gives: the template with each `{path}` replaced by its values, separated by blanks. A path is made of
 * `.name`, `['name']`, `[0]` (`[-1]` is the last), `[*]` and `.*`, after an optional `$` or `@`; what is not there is nothing.
 * @throws JsonPathError.
 */
export function evaluateJsonPath(template: string, root: unknown): string {
  if (/[{}]/.test(template.replace(/\{[^{}]*\}/g, '')))
    throw new JsonPathError(`unclosed action in ${template}`);
  return template.replace(/\{([^{}]*)\}/g, (_, path: string) => {
    const literal = /^\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(path);
    if (literal) return JSON.parse(`"${literal[1]}"`) as string;
    return walk(stepsOf(path.trim()), root).map(textOf).join(' ');
  });
}

function stepsOf(path: string): Step[] {
  const steps: Step[] = [];
  const text = path.replace(/^[$@]/, '');
  if (text === '.') return steps;
  for (stepPattern.lastIndex = 0; stepPattern.lastIndex < text.length;) {
    const at = stepPattern.lastIndex;
    const match = stepPattern.exec(text);
    if (!match) throw new JsonPathError(`unrecognized "${text.slice(at)}" in {${path}}`);
    const [, index, quoted, name] = match;
    const key = quoted ?? name;
    if (index !== undefined) steps.push({ index: Number(index) });
    else steps.push(key === undefined ? 'all' : { key });
  }
  return steps;
}

function walk(steps: readonly Step[], root: unknown): unknown[] {
  let values = [root];
  for (const step of steps) values = values.flatMap((value) => follow(value, step));
  return values;
}

function follow(value: unknown, step: Step): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step === 'all') return Object.values(value);
  if ('index' in step) return Array.isArray(value) ? value.slice(step.index).slice(0, 1) : [];
  return Object.hasOwn(value, step.key) ? [(value as Record<string, unknown>)[step.key]] : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
