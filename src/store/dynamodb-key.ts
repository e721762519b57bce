/** By which key items are told apart, and what follows of that. Pure. */

/** `conversation_id` counts all rows of a table; `run` has a place for each run, and counts its rows. */
export const tableKeys = ['conversation_id', 'run'] as const;
export type TableKey = (typeof tableKeys)[number];

interface KeyLayout {
  /** Attributes in the order of the key: name, type, role. */
  readonly attributes: readonly (readonly [
    name: string,
    type: 'N' | 'S',
    role: 'HASH' | 'RANGE',
  ])[];
  /** The attribute that counts rows, from 1. */
  readonly count: 'conversation_id' | 'row';
}

const layouts: Readonly<Record<TableKey, KeyLayout>> = {
  conversation_id: {
    attributes: [['conversation_id', 'N', 'HASH']],
    count: 'conversation_id',
  },
  run: {
    attributes: [
      ['run_id', 'S', 'HASH'],
      ['row', 'N', 'RANGE'],
    ],
    count: 'row',
  },
};

export function layoutOf(key: TableKey): KeyLayout {
  return layouts[key];
}

/** A key in words: `run_id S HASH, row N RANGE`. */
export function keyInWords(key: TableKey): string {
  return layouts[key].attributes.map((attribute) => attribute.join(' ')).join(', ');
}

/** The command that makes a table of this key. */
export function createCommand(table: string, key: TableKey): string {
  const { attributes } = layouts[key];
  const types = attributes.map(([name, type]) => `AttributeName=${name},AttributeType=${type}`);
  const roles = attributes.map(([name, , role]) => `AttributeName=${name},KeyType=${role}`);
  return (
    `aws dynamodb create-table --table-name ${table} --billing-mode PAY_PER_REQUEST ` +
    `--attribute-definitions ${types.join(' ')} --key-schema ${roles.join(' ')}`
  );
}
