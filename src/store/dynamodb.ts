/** I/O: the comparison table in Amazon DynamoDB, one item a conversation. Needs the AWS SDK. */
import type { BatchWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { ComparisonRow } from '../comparison.ts';
import { ConfigError, UnavailableError } from '../errors.ts';
import { type AwsPlace, clientConfig, explain, loadAwsSdk } from './aws.ts';
import { type ConversationItem, conversationItem, type StoredRun } from './dynamodb-item.ts';
import { backoff, openTable } from './dynamodb-table.ts';

/** What becomes of items that other runs have left in the table. */
export const tableItems = ['refuse', 'append', 'replace'] as const;
export type TableItems = (typeof tableItems)[number];

export interface DynamoStore {
  /**
   * Writes the rows of a run, in place of what it has written before.
   * @throws {ConfigError} when the table holds items of other runs, and they were to be refused
   * @throws {UnavailableError} when another run wrote to the table at the same time
   */
  putComparison(run: StoredRun, rows: readonly ComparisonRow[]): Promise<void>;
  /** Every item of the table, by conversation_id. */
  readAll(): Promise<ConversationItem[]>;
  close(): void;
}

/** A run as far as it is told from others. */
type RunKey = Pick<StoredRun, 'runId' | 'started'>;

export interface DynamoOptions extends AwsPlace {
  /** Create the table when it is missing, paid per request. @default false */
  readonly createTable?: boolean;
  /**
   * Items of other runs: `refuse` to write beside them; `append`, numbered after them; or `replace`,
   * so that the table holds the one run alone. @default refuse
   */
  readonly tableItems?: TableItems;
  /** A run that goes on: what it has written before is no other run's. */
  readonly run?: RunKey | undefined;
  /** Tries of one batch, or looks at a new table, before giving up. @default 15 */
  readonly attempts?: number;
  /** Waits between tries. @default a timer */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/** Requests a BatchWriteItem: DynamoDB's own limit. */
const batchSize = 25;

type Request = NonNullable<BatchWriteCommandInput['RequestItems']>[string][number];
type ItemKey = Pick<ConversationItem, 'conversation_id'> &
  Partial<Pick<ConversationItem, 'run_id' | 'run_started'>>;

/**
 * Opens the table, and creates it when asked to.
 * @throws {UnavailableError} when the SDK, the endpoint, the credentials or the table is missing
 * @throws {ConfigError} when it holds items of other runs, and they are refused
 */
export async function dynamoStore(options: DynamoOptions): Promise<DynamoStore> {
  const { table, attempts = 15, sleep = timer, tableItems: mode = 'refuse' } = options;
  const { client: sdk, documents } = await loadAwsSdk();
  const client = new sdk.DynamoDBClient(clientConfig(options));
  const documentClient = documents.DynamoDBDocumentClient.from(client);

  /** Sends the requests that DynamoDB leaves unprocessed again, more slowly each time. */
  const send = async (batch: readonly Request[]) => {
    let requests: BatchWriteCommandInput['RequestItems'] = { [table]: [...batch] };
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await sleep(backoff(attempt));
      const command = new documents.BatchWriteCommand({ RequestItems: requests });
      const { UnprocessedItems: left = {} } = await documentClient.send(command);
      if ((left[table] ?? []).length === 0) return;
      requests = left;
    }
    const actual = `${requests?.[table]?.length} of ${batch.length} items left after ${attempts} tries`;
    const remedy = 'Raise the capacity of the table, or try again later.';
    throw new UnavailableError(`dynamodb table ${table}`, 'all items written', actual, remedy);
  };
  const sendAll = async (requests: readonly Request[]) => {
    for (let i = 0; i < requests.length; i += batchSize)
      await send(requests.slice(i, i + batchSize));
  };
  const scan = async <Item extends ItemKey>(projection?: string): Promise<Item[]> => {
    const items: Item[] = [];
    const request = {
      TableName: table,
      ConsistentRead: true,
      ...(projection && { ProjectionExpression: projection }),
    };
    for await (const page of documents.paginateScan({ client: documentClient }, request)) {
      items.push(...((page.Items ?? []) as Item[]));
    }
    return items;
  };
  const keys = () => scan<ItemKey>('conversation_id, run_id, run_started');

  const put = async (run: StoredRun, rows: readonly ComparisonRow[]) => {
    const there = await keys();
    const others = there.filter((item) => !isOf(run, item));
    if (mode === 'refuse') expectNone(table, others);
    const last = mode === 'append' ? others.map(({ conversation_id }) => conversation_id) : [];
    const before = last.reduce((a, b) => Math.max(a, b), 0);
    const items = rows.map((row, i) => conversationItem(before + i + 1, run, row));
    const written = new Set(items.map(({ conversation_id }) => conversation_id));
    await sendAll(items.map((Item) => ({ PutRequest: { Item } })));
    // last: a process that dies before has lost nothing
    const stale = (mode === 'replace' ? there : there.filter((item) => isOf(run, item))).filter(
      ({ conversation_id }) => !written.has(conversation_id),
    );
    await sendAll(
      stale.map(({ conversation_id }) => ({ DeleteRequest: { Key: { conversation_id } } })),
    );
    expectWritten(
      table,
      written,
      (await keys()).filter((item) => isOf(run, item)),
    );
  };

  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw explain(cause, options);
    }
  };
  try {
    await explained(async () => {
      await openTable(sdk, client, { table, attempts, sleep, createTable: !!options.createTable });
      const { run } = options;
      if (mode !== 'refuse') return;
      expectNone(
        table,
        (await keys()).filter((item) => run === undefined || !isOf(run, item)),
      );
    });
  } catch (error) {
    client.destroy();
    throw error;
  }
  return {
    putComparison: (run, rows) => explained(() => put(run, rows)),
    async readAll() {
      const items = await explained(() => scan<ConversationItem>());
      return items.sort((a, b) => a.conversation_id - b.conversation_id);
    },
    close: () => client.destroy(),
  };
}

function isOf({ runId, started }: RunKey, { run_id, run_started }: ItemKey): boolean {
  return run_id === runId && run_started === started;
}

/** Runs that a refusal names. */
const named = 3;

function expectNone(table: string, others: readonly ItemKey[]): void {
  if (others.length === 0) return;
  const counts = new Map<string, number>();
  for (const { run_id: run } of others) {
    const name = run === undefined ? 'of no run' : `of run ${JSON.stringify(run)}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const parts = [...counts].slice(0, named).map(([name, count]) => `${count} ${name}`);
  const rest = counts.size > named ? [`those of ${counts.size - named} more runs`] : [];
  throw new ConfigError(
    `dynamodb table ${table}`,
    'no items but this run’s',
    [...parts, ...rest].join(', '),
    'Set `tableItems` to append, and this run is numbered after them, or to replace, and all of ' +
      'them are deleted; or name another `table`.',
  );
}

/** Two runs that end at the same moment can take the same numbers. */
function expectWritten(table: string, written: ReadonlySet<number>, own: readonly ItemKey[]): void {
  const left = own.filter(({ conversation_id }) => written.has(conversation_id)).length;
  if (left === written.size) return;
  throw new UnavailableError(
    `dynamodb table ${table}`,
    `${written.size} items of this run`,
    `${left}: another run wrote to the table at the same time`,
    'The run folder has the whole comparison.',
  );
}

function timer(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
