/** Class ids under the names that a file gives them, as Hugging Face's datasets writes them. Pure. */
import { z } from 'zod';
import { InputError } from '../errors.ts';
import { type ClassNames, type Row, textField } from './table.ts';
import type { Shapes } from './turns.ts';

const Described = z.object({
  info: z.object({ features: z.record(z.string(), z.unknown()) }),
});
const ClassLabel = z.object({
  _type: z.literal('ClassLabel'),
  names: z.array(z.string().trim().min(1)).refine((names) => new Set(names).size === names.length),
});

/**
 * The names of the classes of each column, by class id. What is not as it should be names none.
 * @param text what a Parquet file keeps under `huggingface`
 */
export function classNamesIn(text: string | undefined): ClassNames {
  const described = Described.safeParse(jsonOf(text));
  if (!described.success) return new Map();
  const columns = Object.entries(described.data.info.features);
  return new Map(
    columns.flatMap(([column, feature]) => {
      const { data } = ClassLabel.safeParse(feature);
      return data ? [[column, data.names] as const] : [];
    }),
  );
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** A class by its name, and by its id where the file tells both. */
export interface NamedClass {
  readonly name: string;
  readonly id?: number;
}

/**
 * Reads the classes of a column: of a class id its name, where the file names its classes; else the
 * field's text, also of a number. Undefined when there is none.
 * @throws {InputError} when a class id has no name
 */
export function classReader(column: string, classes: ClassNames | undefined, shapes: Shapes) {
  const names = classes?.get(column);
  const listed = (names ?? []).slice(0, 5).map((name, id) => `${id} "${name}"`);
  const more = (names?.length ?? 0) > listed.length ? ' …' : '';
  const list = `${listed.join(', ')}${more}`;
  return (row: Row): NamedClass | undefined => {
    const id = Object.hasOwn(row.fields, column) ? row.fields[column] : undefined;
    if (names === undefined || typeof id !== 'number') {
      const name = textField(row, column, true);
      return name === undefined ? undefined : { name };
    }
    if (id === -1) return undefined; // of a row without a class
    const name = names[id];
    if (name === undefined) {
      const expected = `a class id from 0 to ${names.length - 1} in "${column}"`;
      const remedy = 'The file has names for these alone: correct the id, or remove the row.';
      throw new InputError(row.where, expected, String(id), remedy);
    }
    shapes.add(
      `"${column}" holds class ids, read as the names that the file gives: ${list}`,
      row.where,
    );
    return { name, id };
  };
}
