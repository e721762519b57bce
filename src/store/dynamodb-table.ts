/** I/O: a table of DynamoDB. */
import type * as Aws from '@aws-sdk/client-dynamodb';
import { InputError, UnavailableError } from '../errors.ts';
import { missingTable, nameOf } from './aws.ts';
import { keyInWords, layoutOf, type TableKey, tableKeys } from './dynamodb-key.ts';
import { type Patience, patiently, pause } from './dynamodb-retry.ts';

/** How a table is opened. */
export interface TableOptions {
  readonly table: string;
  readonly key: TableKey;
  readonly createTable: boolean;
  /** Of looks at a new table, too. */
  readonly patience: Patience;
}

/** Creates the table if that is wanted, waits until it is ACTIVE and checks its key. */
export async function openTable(
  sdk: typeof Aws,
  client: Aws.DynamoDBClient,
  { table, key, patience, createTable }: TableOptions,
): Promise<void> {
  const { attempts } = patience;
  const send = <T>(work: () => Promise<T>) => patiently(work, patience);
  const describe = () =>
    send(() => client.send(new sdk.DescribeTableCommand({ TableName: table }))).then(
      (answer) => answer.Table,
      (error) => unless(error, 'ResourceNotFoundException'),
    );
  let found = await describe();
  if (found === undefined) {
    if (!createTable) throw missingTable(table, key);
    const command = new sdk.CreateTableCommand({ TableName: table, ...definitionOf(key) });
    // In use: another process creates it at the same time, or the answer to this one was cut off.
    await send(() => client.send(command)).catch((error) =>
      unless(error, 'ResourceInUseException'),
    );
  }
  for (let attempt = 1; found === undefined || found.TableStatus === 'CREATING'; attempt++) {
    if (attempt >= attempts) {
      const actual = `${found?.TableStatus ?? 'no table'} after ${attempts} tries`;
      throw new UnavailableError(`dynamodb table ${table}`, 'an active table', actual);
    }
    await pause(attempt, patience);
    found = await describe();
  }
  checkKey(table, key, found);
}

function definitionOf(key: TableKey) {
  const { attributes } = layoutOf(key);
  return {
    AttributeDefinitions: attributes.map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: attributes.map(([AttributeName, , KeyType]) => ({ AttributeName, KeyType })),
    BillingMode: 'PAY_PER_REQUEST',
  } satisfies Partial<Aws.CreateTableCommandInput>;
}

function checkKey(
  table: string,
  key: TableKey,
  { AttributeDefinitions, KeySchema = [] }: Aws.TableDescription,
) {
  const actual = KeySchema.map(({ AttributeName: name, KeyType }) => {
    const type = AttributeDefinitions?.find((attribute) => attribute.AttributeName === name);
    return `${name} ${type?.AttributeType} ${KeyType}`;
  }).join(', ');
  const expected = keyInWords(key);
  if (actual === expected) return;
  const other = tableKeys.find((one) => keyInWords(one) === actual);
  const instead = other === undefined ? '' : `Set \`key\` to ${other}; or name`;
  const remedy = `${instead || 'Name'} another by \`table\`, or let \`createTable\` make one.`;
  throw new InputError(`dynamodb table ${table}`, `the key ${expected}`, actual, remedy);
}

function unless(error: unknown, name: string): undefined {
  if (nameOf(error) !== name) throw error;
}
