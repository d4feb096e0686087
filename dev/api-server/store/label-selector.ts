import { badRequest } from '../api-error.js';

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

/**
 * A label selector as in the query parameter labelSelector: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`,
 * joined by commas. As in Kubernetes, `!=` and `notin` match objects without the label.
 * @throws ApiError 400 for anything else.
 */
export function parseLabelSelector(text: string): Requirement {
  const requirements = splitOutsideParentheses(text).map(parseRequirement);
  return (labels) => requirements.every((matches) => matches(labels));
}

function splitOutsideParentheses(text: string): string[] {
  if (text.trim() === '') return [];
  return text.split(/,(?![^(]*\))/).map((part) => part.trim());
}

const key = String.raw`(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?`;
const value = String.raw`[A-Za-z0-9_.-]*`;
const grammar: readonly (readonly [RegExp, (key: string, operand: string) => Requirement])[] = [
  [new RegExp(`^(${key})$`), (name) => (labels) => name in labels],
  [new RegExp(`^!\\s*(${key})$`), (name) => (labels) => !(name in labels)],
  [new RegExp(`^(${key})\\s*==?\\s*(${value})$`), (name, operand) => (labels) => labels[name] === operand],
  [new RegExp(`^(${key})\\s*!=\\s*(${value})$`), (name, operand) => (labels) => labels[name] !== operand],
  [new RegExp(`^(${key})\\s+in\\s*\\(([^()]*)\\)$`), (name, operand) => among(name, operand)],
  [
    new RegExp(`^(${key})\\s+notin\\s*\\(([^()]*)\\)$`),
    (name, operand) => {
      const present = among(name, operand);
      return (labels) => !present(labels);
    },
  ],
];

function among(name: string, operand: string): Requirement {
  const values = new Set(operand.split(',').map((one) => one.trim()));
  return (labels) => {
    const label = labels[name];
    return label !== undefined && values.has(label);
  };
}

function parseRequirement(text: string): Requirement {
  for (const [pattern, make] of grammar) {
    const match = pattern.exec(text);
    if (match) return make(match[1] ?? '', match[2] ?? '');
  }
  throw badRequest(`unable to parse requirement: "${text}"`);
}
