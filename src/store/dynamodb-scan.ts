/** I/O: items of a table read page by page. */
import type * as AwsDocuments from '@aws-sdk/lib-dynamodb';
import { type Patience, patiently } from './dynamodb-retry.ts';

interface Wanted {
  readonly table: string;
  /** Of this run alone, in a table whose key begins with the run. */
  readonly run?: string | undefined;
  /** These attributes alone. */
  readonly attributes?: readonly string[];
}

/** Items as they are there now; a page that does not come is asked for again. */
export async function itemsOf<Item>(
  { QueryCommand, ScanCommand }: typeof AwsDocuments,
  client: AwsDocuments.DynamoDBDocumentClient,
  { table, run, attributes }: Wanted,
  patience: Patience,
): Promise<Item[]> {
  // names stand for themselves: `row` is a word of DynamoDB's
  const names = { ...(run !== undefined && { '#run': 'run_id' }) } as Record<string, string>;
  attributes?.forEach((name, i) => {
    names[`#a${i}`] = name;
  });
  const request = {
    TableName: table,
    ConsistentRead: true,
    ...(attributes && { ProjectionExpression: attributes.map((_, i) => `#a${i}`).join(', ') }),
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
  };
  const page = (start: Record<string, unknown> | undefined) => {
    const from = { ...request, ...(start && { ExclusiveStartKey: start }) };
    if (run === undefined) return client.send(new ScanCommand(from));
    const only = {
      KeyConditionExpression: '#run = :run',
      ExpressionAttributeValues: { ':run': run },
    };
    return client.send(new QueryCommand({ ...from, ...only }));
  };
  const items: Item[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const here = start;
    const { Items = [], LastEvaluatedKey } = await patiently(() => page(here), patience);
    items.push(...(Items as Item[]));
    start = LastEvaluatedKey;
  } while (start !== undefined);
  return items;
}
