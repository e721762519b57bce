import { z } from 'zod';
import { didYouMean } from '../errors.ts';
import { choicesOf, expectation, type FieldSchema, itemOf, typesOf } from './fields.ts';

/** One setting of a schema. */
export interface Setting {
  /** Place in the options, for instance `['generation', 'topK']`. */
  readonly path: readonly string[];
  readonly schema: FieldSchema;
  readonly required: boolean;
  readonly group: string | undefined;
}

/** What schemas have been found to hold: the search takes a hundredth of a second. */
const found = new WeakMap<z.ZodObject, Setting[]>();

/** The settings of a schema, in its order; those of an object inside have its name as their group. */
export function settingsOf(options: z.ZodObject): readonly Setting[] {
  const before = found.get(options);
  if (before) return before;
  const schema = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' });
  const settings = fieldsOf(schema as FieldSchema, [], undefined);
  found.set(options, settings);
  return settings;
}

function fieldsOf(
  schema: FieldSchema,
  at: readonly string[],
  group: string | undefined,
): Setting[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([key, field]): Setting[] => {
    const path = [...at, key];
    if (field.properties) return fieldsOf(field, path, field.group ?? field.description ?? key);
    if (typesOf(field).has('object')) return []; // a free-form object has no flag
    const isRequired = at.length === 0 && required.includes(key);
    return [{ path, schema: field, required: isRequired, group: field.group ?? group }];
  });
}

/** What a setting was to be and what it is; `near` is a sentence, or empty. */
interface Mismatch {
  readonly expected: string;
  readonly actual: string;
  readonly near: string;
}

/**
 * Why a setting's schema has refused a value.
 * @param path of what is wrong, within the values
 */
export function mismatch(
  setting: Setting,
  path: readonly string[],
  values: Readonly<Record<string, unknown>>,
): Mismatch {
  const found = valueAt(values, path);
  const actual = Array.isArray(found)
    ? `"${found.join(',')}"`
    : (JSON.stringify(found) ?? 'nothing');
  const inside = path[setting.path.length];
  const schema = inside === undefined ? setting.schema : itemOf(setting.schema, Number(inside));
  const near = typeof found === 'string' ? didYouMean(found, choicesOf(schema) ?? []) : '';
  const isEmpty = found === '' || (Array.isArray(found) && found.length === 0);
  const least = schema.minLength ?? schema.minItems ?? 0;
  const expected = expectation(schema);
  return {
    expected: isEmpty && least > 0 ? `${expected} that is not empty` : expected,
    actual,
    near,
  };
}

/** The value at a place. */
export function valueAt(
  values: Readonly<Record<string, unknown>>,
  path: readonly string[],
): unknown {
  return path.reduce<unknown>(
    (at, key) => (at as Record<string, unknown> | undefined)?.[key],
    values,
  );
}
