/** The columns that the lists and structs of a Parquet file are written as. Pure. */
import type { SchemaTree } from 'hyparquet';

/** One column of values. */
export interface Leaf {
  /** Names from the top. */
  readonly path: readonly string[];
  /** Null is allowed: of how many of the things that it lies in, lists among them. */
  readonly definition: number;
  /** Lists that it lies in. */
  readonly repetition: number;
}

/** Lists and structs within each other, and columns within one, at most. */
const [deepest, most] = [12, 64];

/** The columns of a column, or what cannot be read in it, in words. */
export function leavesOf(column: SchemaTree): readonly Leaf[] | string {
  const leaves: Leaf[] = [];
  const visit = ({ element, children, path }: SchemaTree, above: Leaf): string | undefined => {
    if (element.converted_type?.startsWith('MAP')) return 'a map';
    if (element.logical_type?.type === 'VARIANT') return 'variants';
    if (path.length > deepest || leaves.length === most) return 'too much within each other';
    const type = element.repetition_type;
    const leaf = {
      path,
      definition: above.definition + Number(type !== 'REQUIRED'),
      repetition: above.repetition + Number(type === 'REPEATED'),
    };
    if (children.length === 0) leaves.push(leaf);
    for (const child of children) {
      const wrong = visit(child, leaf);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
  return visit(column, { path: [], definition: 0, repetition: 0 }) ?? leaves;
}
