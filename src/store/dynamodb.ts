/** I/O: the comparison table in Amazon DynamoDB, one item a conversation. Needs the AWS SDK. */
import type { ComparisonRow } from '../comparison.ts';
import { ConfigError, UnavailableError } from '../errors.ts';
import { type AwsPlace, clientConfig, explain, loadAwsSdk } from './aws.ts';
import { batchesOf, type Request, sendBatch } from './dynamodb-batch.ts';
import { type ConversationItem, conversationItem, type StoredRun } from './dynamodb-item.ts';
import { layoutOf, type TableKey } from './dynamodb-key.ts';
import type { Patience } from './dynamodb-retry.ts';
import { itemsOf } from './dynamodb-scan.ts';
import { openTable } from './dynamodb-table.ts';

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
  /** Takes back what a run has written, and nothing else. */
  remove(run: RunKey): Promise<void>;
  /** Every item of the table, in the order of its key. */
  readAll(): Promise<ConversationItem[]>;
  close(): void;
}

/** A run as far as it is told from others. */
export type RunKey = Pick<StoredRun, 'runId' | 'started'>;

export interface DynamoOptions extends AwsPlace {
  /** Create the table when it is missing, paid per request. @default false */
  readonly createTable?: boolean;
  /**
   * Items of other runs, with the key `run` those of another run of the same name: `refuse` to write beside them; `append`, numbered after them; or `replace`,
   * so that the table, or the place of the name, holds the one run alone. @default refuse
   */
  readonly tableItems?: TableItems;
  /** A run that goes on: what it has written before is no other run's. */
  readonly run?: RunKey | undefined;
  /** Tries of one batch, or looks at a new table, before giving up. @default 15 */
  readonly attempts?: number;
  /** Waits between tries. @default a timer */
  readonly sleep?: (milliseconds: number) => Promise<void>;
  /** Uniform in [0, 1), for how long is waited. @default Math.random */
  readonly random?: () => number;
}

type ItemKey = Partial<
  Pick<ConversationItem, 'conversation_id' | 'row' | 'run_id' | 'run_started'>
>;

/**
 * Opens the table, and creates it when asked to.
 * @throws {UnavailableError} when the SDK, the endpoint, the credentials or the table is missing
 * @throws {ConfigError} when it holds items of other runs, and they are refused
 */
export async function dynamoStore(options: DynamoOptions): Promise<DynamoStore> {
  const { table, key = 'conversation_id', tableItems: mode = 'refuse' } = options;
  const { attempts = 15, sleep = timer, random = Math.random } = options;
  const patience: Patience = { attempts, sleep, random };
  const { count } = layoutOf(key);
  const { client: sdk, documents } = await loadAwsSdk();
  const client = new sdk.DynamoDBClient(clientConfig(options));
  const documentClient = documents.DynamoDBDocumentClient.from(client, {
    marshallOptions: { allowImpreciseNumbers: true }, // doubles are as exact beyond 2^53 as below
    unmarshallOptions: { wrapNumbers: Number },
  });

  const sendAll = async (requests: readonly Request[]) => {
    for (const batch of batchesOf(requests)) {
      await sendBatch(documents, documentClient, table, batch, patience);
    }
  };
  /** Items beside which a run is written. */
  const keysBeside = (run: Pick<RunKey, 'runId'> | undefined) => {
    const attributes = [count, 'run_id', 'run_started'];
    const only = key === 'run' ? run?.runId : undefined;
    return itemsOf<ItemKey>(documents, documentClient, { table, run: only, attributes }, patience);
  };
  const deleteAll = (items: readonly ItemKey[]) =>
    sendAll(items.map((item) => ({ DeleteRequest: { Key: keyOf(item, key) } })));

  const put = async (run: StoredRun, rows: readonly ComparisonRow[]) => {
    const there = await keysBeside(run);
    const others = there.filter((item) => !isOf(run, item));
    if (mode === 'refuse') expectNone(table, others);
    const numbers = mode === 'append' ? others.map((item) => item[count] ?? 0) : [];
    const before = numbers.reduce((a, b) => Math.max(a, b), 0);
    const items = rows.map((row, i) => conversationItem(key, before + i + 1, run, row));
    const written = new Set(items.map((item) => item[count]));
    await sendAll(items.map((Item) => ({ PutRequest: { Item } })));
    // last: a process that dies before has lost nothing
    const mine = mode === 'replace' ? there : there.filter((item) => isOf(run, item));
    await deleteAll(mine.filter((item) => !written.has(item[count])));
    const now = (await keysBeside(run)).filter((item) => isOf(run, item));
    expectWritten(table, written.size, now.filter((item) => written.has(item[count])).length);
  };
  const remove = async (run: RunKey) =>
    deleteAll((await keysBeside(run)).filter((item) => isOf(run, item)));

  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw explain(cause, options);
    }
  };
  try {
    await explained(async () => {
      await openTable(sdk, client, { table, key, patience, createTable: !!options.createTable });
      const { run } = options;
      // the place of a run that has no name yet is free
      if (mode !== 'refuse' || (key === 'run' && run === undefined)) return;
      const there = await keysBeside(run);
      expectNone(
        table,
        there.filter((item) => run === undefined || !isOf(run, item)),
      );
    });
  } catch (error) {
    client.destroy();
    throw error;
  }
  return {
    putComparison: (run, rows) => explained(() => put(run, rows)),
    remove: (run) => explained(() => remove(run)),
    async readAll() {
      const items = await explained(() =>
        itemsOf<ConversationItem>(documents, documentClient, { table }, patience),
      );
      const byCount = (a: ItemKey, b: ItemKey) => (a[count] ?? 0) - (b[count] ?? 0);
      return key === 'run'
        ? items.sort((a, b) => byRun(a, b) || byCount(a, b))
        : items.sort(byCount);
    },
    close: () => client.destroy(),
  };
}

/** The key of an item, and nothing else of it. */
function keyOf(item: ItemKey, key: TableKey): Record<string, unknown> {
  const fields: Readonly<Record<string, unknown>> = { ...item };
  return Object.fromEntries(layoutOf(key).attributes.map(([name]) => [name, fields[name]]));
}

function byRun({ run_id: a = '' }: ItemKey, { run_id: b = '' }: ItemKey): number {
  return Number(a > b) - Number(a < b);
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
function expectWritten(table: string, written: number, left: number): void {
  if (left === written) return;
  throw new UnavailableError(
    `dynamodb table ${table}`,
    `${written} items of this run`,
    `${left}: another run wrote to the table at the same time`,
    'The run folder has the whole comparison.',
  );
}

function timer(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
