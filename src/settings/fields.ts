/** What JSON Schema says of one option. */
export interface FieldSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly FieldSchema[];
  readonly items?: FieldSchema;
  /** The items of a tuple. */
  readonly prefixItems?: readonly FieldSchema[];
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  /** From `.meta({ placeholder: 'dir' })`: what stands for the value in `--help`. */
  readonly placeholder?: string;
  /** From `.meta({ group: 'Engine' })`: the heading in `--help`. */
  readonly group?: string;
  /** From `.meta({ whole: true })`: a list whose items may hold commas, one a flag. */
  readonly whole?: boolean;
  /** From `.meta({ escapes: true })`: on the command line `\n` is a line break, as in YAML's quotes. */
  readonly escapes?: boolean;
  /** From `.meta({ expects: 'a text with …' })`: what the value has to be, in words. */
  readonly expects?: string;
}

/** `a whole number above 0`, `one of cpu, webgpu, cuda`. */
export function expectation(schema: FieldSchema): string {
  if (schema.expects) return schema.expects;
  const choices = choicesOf(schema);
  if (choices) return `${choices.length > 1 ? 'one of ' : ''}${choices.join(', ')}`;
  const types = typesOf(schema);
  if (types.has('boolean')) return 'true or false';
  if (types.has('array')) {
    return schema.prefixItems ? `${schema.prefixItems.length} values` : 'a list';
  }
  const isNumber = types.has('number') || types.has('integer');
  if (!isNumber) return 'a text';
  const noun = types.has('number') ? 'a number' : 'a whole number';
  return [noun, ...boundsOf(schema)].join(' ');
}

function boundsOf(schema: FieldSchema): string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const real = (bound: number | undefined) =>
    bound !== undefined && Math.abs(bound) !== Number.MAX_SAFE_INTEGER;
  const bounds = [
    real(minimum) ? `of at least ${minimum}` : '',
    real(exclusiveMinimum) ? `above ${exclusiveMinimum}` : '',
    real(maximum) ? `of at most ${maximum}` : '',
    real(exclusiveMaximum) ? `below ${exclusiveMaximum}` : '',
  ].filter(Boolean);
  return bounds.length > 1 ? [bounds.join(' and ')] : bounds;
}

/** Names of the types that it may have. */
export function typesOf({ type, anyOf = [], const: constant }: FieldSchema): Set<string> {
  const own = type === undefined ? [] : typeof type === 'string' ? [type] : [...type];
  const fixed = own.length === 0 && constant !== undefined ? [typeof constant] : [];
  return new Set([...own, ...fixed, ...anyOf.flatMap((part) => [...typesOf(part)])]);
}

/** The values that it may have, where they are few. */
export function choicesOf({
  enum: choices,
  const: constant,
  anyOf,
}: FieldSchema): string[] | undefined {
  if (choices) return choices.map(String);
  if (constant !== undefined) return [String(constant)];
  const parts = anyOf?.map(choicesOf);
  return parts?.every((part) => part !== undefined) ? parts.flat() : undefined;
}

/** What one of its items has to be. */
export function itemOf({ items, prefixItems }: FieldSchema, place: number): FieldSchema {
  return prefixItems?.[place] ?? items ?? {};
}

export function isBoolean(schema: FieldSchema): boolean {
  return typesOf(schema).has('boolean');
}

export function isArray(schema: FieldSchema): boolean {
  return typesOf(schema).has('array');
}

/** Small numbers in the way that people write them: 1.41e-5. */
export function shortest(value: unknown): string {
  const small = typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3;
  return small ? value.toExponential() : String(value);
}
