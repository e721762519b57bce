/** I/O: the comparison table in Amazon DynamoDB, one item a conversation. Needs the AWS SDK. */
import type * as Aws from '@aws-sdk/client-dynamodb';
import type * as AwsDocuments from '@aws-sdk/lib-dynamodb';
import { InputError, NumericError, TactfulError, UnavailableError } from '../errors.ts';
import type { ComparisonRow } from '../events.ts';

/** One item; `conversation_id` is the hash key and counts the rows from 1. */
export interface ConversationItem extends ComparisonRow {
  readonly conversation_id: number;
  readonly run_id: string;
  readonly seed: number;
}

export interface DynamoStore {
  /** Writes the rows as items 1 to n; items of an earlier run with these numbers are replaced. */
  putComparison(runId: string, seed: number, rows: readonly ComparisonRow[]): Promise<void>;
  /** Every item of the table, by conversation_id. */
  readAll(): Promise<ConversationItem[]>;
  close(): void;
}

export interface DynamoOptions {
  readonly table: string;
  /** For instance `http://127.0.0.1:8000` of a local emulator; dummy credentials do there. */
  readonly endpoint?: string;
  /** @default what the AWS SDK finds (AWS_REGION, profile); `us-east-1` with an endpoint */
  readonly region?: string;
  /** Create the table when it is missing, paid per request. @default false */
  readonly createTable?: boolean;
  /** Tries of one batch, or looks at a new table, before giving up. @default 15 */
  readonly attempts?: number;
  /** Waits between tries. @default a timer */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/** DynamoDB's own limits: items a BatchWriteItem, bytes an item. */
const batchSize = 25;
const maximumItemBytes = 400 * 1024;
const smallestNumber = 1e-130;

/**
 * Opens the table, and creates it when asked to.
 * @throws {UnavailableError} when the SDK, the endpoint, the credentials or the table is missing
 */
export async function dynamoStore(options: DynamoOptions): Promise<DynamoStore> {
  const { table, attempts = 15, sleep = timer } = options;
  const { client: sdk, documents } = await loadAwsSdk();
  const client = new sdk.DynamoDBClient(clientConfig(options));
  const documentClient = documents.DynamoDBDocumentClient.from(client);

  /** Sends the items that DynamoDB leaves unprocessed again, more slowly each time. */
  const write = async (items: readonly ConversationItem[]) => {
    let requests: AwsDocuments.BatchWriteCommandInput['RequestItems'] = {
      [table]: items.map((Item) => ({ PutRequest: { Item } })),
    };
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await sleep(backoff(attempt));
      const command = new documents.BatchWriteCommand({ RequestItems: requests });
      const { UnprocessedItems: left = {} } = await documentClient.send(command);
      if ((left[table] ?? []).length === 0) return;
      requests = left;
    }
    const actual = `${requests?.[table]?.length} of ${items.length} items left after ${attempts} tries`;
    const remedy = 'Raise the capacity of the table, or try again later.';
    throw new UnavailableError(`dynamodb table ${table}`, 'all items written', actual, remedy);
  };

  try {
    await openTable(sdk, client, { table, attempts, sleep, createTable: !!options.createTable });
  } catch (cause) {
    client.destroy();
    throw explain(cause, options);
  }
  return {
    async putComparison(runId, seed, rows) {
      const items = rows.map((row, i) => conversationItem(i + 1, runId, seed, row));
      try {
        for (let i = 0; i < items.length; i += batchSize)
          await write(items.slice(i, i + batchSize));
      } catch (cause) {
        throw explain(cause, options);
      }
    },
    async readAll() {
      const items: ConversationItem[] = [];
      const pages = documents.paginateScan({ client: documentClient }, { TableName: table });
      try {
        for await (const page of pages) items.push(...((page.Items ?? []) as ConversationItem[]));
      } catch (cause) {
        throw explain(cause, options);
      }
      return items.sort((a, b) => a.conversation_id - b.conversation_id);
    },
    close: () => client.destroy(),
  };
}

type AwsSdk = [client: typeof Aws, documents: typeof AwsDocuments];

/** Imports the AWS SDK, 90 ms and 10 MB that only this store needs. */
export async function loadAwsSdk(
  load: () => Promise<AwsSdk> = () =>
    Promise.all([import('@aws-sdk/client-dynamodb'), import('@aws-sdk/lib-dynamodb')]),
): Promise<{ client: typeof Aws; documents: typeof AwsDocuments }> {
  try {
    const [client, documents] = await load();
    return { client, documents };
  } catch (cause) {
    const remedy = 'Run: npm install @aws-sdk/client-dynamodb @aws-sdk/lib-dynamodb';
    throw new UnavailableError('dynamodb', 'the AWS SDK', 'no such package', remedy, cause);
  }
}

function clientConfig({ endpoint, region }: DynamoOptions): Aws.DynamoDBClientConfig {
  const ownRegion = region ?? (endpoint ? (process.env.AWS_REGION ?? 'us-east-1') : undefined);
  const known = ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE'].some((name) => process.env[name]);
  const dummy = { accessKeyId: 'local', secretAccessKey: 'local' };
  return {
    ...(ownRegion !== undefined && { region: ownRegion }),
    ...(endpoint !== undefined && { endpoint }),
    ...(endpoint !== undefined && !known && { credentials: dummy }),
  };
}

type TableOptions = Required<Pick<DynamoOptions, 'table' | 'attempts' | 'sleep' | 'createTable'>>;

/** Creates the table if that is wanted, waits until it is ACTIVE and checks its key. */
async function openTable(
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
  const remedy = 'Name another table, or let --create-table make one.';
  throw new InputError(`dynamodb table ${table}`, 'the key conversation_id N HASH', key, remedy);
}

/** Checks what DynamoDB would refuse, before anything is written. Empty texts are allowed. */
function conversationItem(
  conversation_id: number,
  run_id: string,
  seed: number,
  row: ComparisonRow,
): ConversationItem {
  const { query, response_before, response_after } = row;
  const item = {
    conversation_id,
    query,
    response_before,
    response_after,
    reward_before: storedNumber(conversation_id, row.reward_before),
    reward_after: storedNumber(conversation_id, row.reward_after),
    reward_diff: storedNumber(conversation_id, row.reward_diff),
    run_id,
    seed,
  };
  const bytes = Object.entries(item).reduce((sum, [name, value]) => {
    return sum + name.length + (typeof value === 'string' ? Buffer.byteLength(value) : 21);
  }, 0);
  if (bytes > maximumItemBytes) {
    const actual = `${Math.ceil(bytes / 1024)} KB`;
    const remedy = 'Leave out dialogues of this length.';
    throw new InputError(`dynamodb item ${conversation_id}`, '400 KB at most', actual, remedy);
  }
  return item;
}

function storedNumber(id: number, value: number): number {
  if (Number.isFinite(value)) return Math.abs(value) < smallestNumber ? 0 : value;
  throw new NumericError(`dynamodb item ${id}`, 'a finite reward', `${value}`);
}

/** What the SDK threw, as an error that says what to do. */
function explain(cause: unknown, { table, endpoint }: DynamoOptions): TactfulError {
  if (cause instanceof TactfulError) return cause;
  if (nameOf(cause) === 'ResourceNotFoundException') return missingTable(table);
  const message = cause instanceof Error ? cause.message : String(cause);
  const error = (expected: string, remedy = '') =>
    new UnavailableError(`dynamodb table ${table}`, expected, message, remedy, cause);
  if (
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|TimeoutError/.test(
      `${nameOf(cause)} ${codeOf(cause)}`,
    )
  ) {
    return error(
      `an answer from ${endpoint ?? 'AWS'}`,
      'Is the endpoint right, and is it running?',
    );
  }
  if (/credential|security token|signature/i.test(`${nameOf(cause)} ${message}`)) {
    return error(
      'AWS credentials',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
    );
  }
  if (/^Region is missing/.test(message))
    return error('an AWS region', 'Name one, or set AWS_REGION.');
  return error('success', `(${nameOf(cause)})`);
}

function missingTable(table: string): UnavailableError {
  const command =
    `aws dynamodb create-table --table-name ${table} --billing-mode PAY_PER_REQUEST ` +
    '--attribute-definitions AttributeName=conversation_id,AttributeType=N ' +
    '--key-schema AttributeName=conversation_id,KeyType=HASH';
  const remedy = `Use --create-table, or run: ${command}`;
  return new UnavailableError(`dynamodb table ${table}`, 'a table', 'none of this name', remedy);
}

function unless(error: unknown, name: string): undefined {
  if (nameOf(error) !== name) throw error;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Milliseconds before try number `attempt`: 100, 200, 400, ... 5000. */
function backoff(attempt: number): number {
  return Math.min(5000, 50 * 2 ** attempt);
}

function timer(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
