/** I/O: a table of DynamoDB. */
import type * as Aws from '@aws-sdk/client-dynamodb';
import { InputError, UnavailableError } from '../errors.ts';
import { missingTable, nameOf } from './aws.ts';

/** How a table is opened. */
export interface TableOptions {
  readonly table: string;
  readonly createTable: boolean;
  /** Looks at a new table before giving up. */
  readonly attempts: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Creates the table if that is wanted, waits until it is ACTIVE and checks its key. */
export async function openTable(
  sdk: typeof Aws,
  client: Aws.DynamoDBClient,
  { table, attempts, sleep, createTable }: TableOptions,
): Promise<void> {
  const describe = () =>
    client.send(new sdk.DescribeTableCommand({ TableName: table })).then(
      (answer) => answer.Table,
      (error) => unless(error, 'ResourceNotFoundException'),
    );
  let found = await describe();
  if (found === undefined) {
    if (!createTable) throw missingTable(table);
    const command = new sdk.CreateTableCommand({ TableName: table, ...definition });
    // In use: another process creates it at the same time.
    await client.send(command).catch((error) => unless(error, 'ResourceInUseException'));
  }
  for (let attempt = 1; found === undefined || found.TableStatus === 'CREATING'; attempt++) {
    if (attempt >= attempts) {
      const actual = `${found?.TableStatus ?? 'no table'} after ${attempts} tries`;
      throw new UnavailableError(`dynamodb table ${table}`, 'an active table', actual);
    }
    await sleep(backoff(attempt));
    found = await describe();
  }
  checkKey(table, found);
}

const definition = {
  AttributeDefinitions: [{ AttributeName: 'conversation_id', AttributeType: 'N' }],
  KeySchema: [{ AttributeName: 'conversation_id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
} as const satisfies Partial<Aws.CreateTableCommandInput>;

function checkKey(table: string, { AttributeDefinitions, KeySchema = [] }: Aws.TableDescription) {
  const key = KeySchema.map(({ AttributeName: name, KeyType }) => {
    const type = AttributeDefinitions?.find((attribute) => attribute.AttributeName === name);
    return `${name} ${type?.AttributeType} ${KeyType}`;
  }).join(', ');
  if (key === 'conversation_id N HASH') return;
  const remedy = 'Name another by `table`, or let `createTable` make one.';
  throw new InputError(`dynamodb table ${table}`, 'the key conversation_id N HASH', key, remedy);
}

function unless(error: unknown, name: string): undefined {
  if (nameOf(error) !== name) throw error;
}

/** Milliseconds before try number `attempt`: 100, 200, 400, ... 5000. */
export function backoff(attempt: number): number {
  return Math.min(5000, 50 * 2 ** attempt);
}
