/** As much of JSON Schema as the document needs. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'boolean';
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | false;
  readonly oneOf?: readonly Schema[];
  readonly nullable?: true;
}

interface Optional {
  readonly optional: Schema;
}

/** Exactly the fields of T: one that is missing, or is there no more, does not compile; so does a wrong optional. */
type FieldsOf<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? Optional : Schema;
};

export function object<T extends object>(description: string, fields: FieldsOf<T>): Schema {
  const all = Object.entries<Schema | Optional>(fields);
  return {
    type: 'object',
    description,
    properties: Object.fromEntries(
      all.map(([name, field]) => [name, 'optional' in field ? field.optional : field]),
    ),
    required: all.filter(([, field]) => !('optional' in field)).map(([name]) => name),
    additionalProperties: false,
  };
}

export function optional(schema: Schema): Optional {
  return { optional: schema };
}

export const list = (items: Schema, description = ''): Schema => ({ type: 'array', items, description });
export const map = (values: Schema, description: string): Schema => ({
  type: 'object',
  additionalProperties: values,
  description,
});
export const text = (description = ''): Schema => ({ type: 'string', description });
export const oneOf = (values: readonly string[], description = ''): Schema => ({
  type: 'string',
  enum: values,
  description,
});
export const flag = (description: string): Schema => ({ type: 'boolean', description });
/** The unit belongs into the description. */
export const number = (description: string): Schema => ({ type: 'number', description });
export const time = (description: string): Schema => number(`${description}, ms since the epoch`);
