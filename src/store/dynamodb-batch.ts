/** I/O: many items of one table written or deleted, in requests as large as DynamoDB takes them. */

import type * as AwsDocuments from '@aws-sdk/lib-dynamodb';
import type { BatchWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { UnavailableError } from '../errors.ts';
import { mayPass, type Patience, pause } from './dynamodb-retry.ts';

/** An item to be written, or a key to be deleted. */
export type Request = NonNullable<BatchWriteCommandInput['RequestItems']>[string][number];

/** Requests a BatchWriteItem: DynamoDB's own limit. */
const batchSize = 25;
/** Of the 16 MB that one may take a quarter is left for what the protocol puts around each value. */
const batchBytes = 12 * 1024 ** 2;

/** Batches in order. Escaped, a text may take several times the bytes by which items are limited. */
export function batchesOf(requests: readonly Request[]): Request[][] {
  const batches: Request[][] = [];
  let room = 0;
  for (const request of requests) {
    const bytes = Buffer.byteLength(JSON.stringify(request));
    const last = batches.at(-1);
    if (last === undefined || last.length === batchSize || bytes > room) {
      batches.push([request]);
      room = batchBytes - bytes;
    } else {
      last.push(request);
      room -= bytes;
    }
  }
  return batches;
}

/**
 * Sends a batch, and what DynamoDB leaves of it again, more slowly each time.
 * @throws {UnavailableError} when something is left after the last try
 */
export async function sendBatch(
  { BatchWriteCommand }: typeof AwsDocuments,
  client: AwsDocuments.DynamoDBDocumentClient,
  table: string,
  batch: readonly Request[],
  patience: Patience,
): Promise<void> {
  const { attempts } = patience;
  let left: readonly Request[] = batch;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await pause(attempt, patience);
    const command = new BatchWriteCommand({ RequestItems: { [table]: [...left] } });
    try {
      const { UnprocessedItems = {} } = await client.send(command);
      left = UnprocessedItems[table] ?? [];
    } catch (error) {
      // nobody knows what of it was written: all of it goes again
      if (!mayPass(error) || attempt + 1 === attempts) throw error;
    }
    if (left.length === 0) return;
  }
  const actual = `${left.length} of ${batch.length} items left after ${attempts} tries`;
  const remedy = 'Raise the capacity of the table, or try again later.';
  throw new UnavailableError(`dynamodb table ${table}`, 'all items written', actual, remedy);
}
