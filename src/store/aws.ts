/** I/O: the AWS SDK, which only the DynamoDB store needs, and its errors. */
import type * as Aws from '@aws-sdk/client-dynamodb';
import type * as AwsDocuments from '@aws-sdk/lib-dynamodb';
import { TactfulError, UnavailableError } from '../errors.ts';
import { createCommand, type TableKey } from './dynamodb-key.ts';

/** Where DynamoDB is. */
export interface AwsPlace {
  readonly table: string;
  /** For instance `http://127.0.0.1:8000` of a local emulator; dummy credentials do there. */
  readonly endpoint?: string;
  /** @default what the AWS SDK finds (AWS_REGION, profile); `us-east-1` with an endpoint */
  readonly region?: string;
  /** Of what the key of the table is made. @default conversation_id */
  readonly key?: TableKey;
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

/** A connection and an answer that take longer will not come, in milliseconds. */
const timeouts = { connectionTimeout: 5000, requestTimeout: 30_000, throwOnRequestTimeout: true };

/**
 * Region, endpoint and credentials, as far as the SDK cannot find them itself. It tries once: who
 * asks knows better what may be asked again, and when.
 */
export function clientConfig({ endpoint, region }: AwsPlace): Aws.DynamoDBClientConfig {
  const ownRegion = region ?? (endpoint ? (process.env.AWS_REGION ?? 'us-east-1') : undefined);
  const known = ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE'].some((name) => process.env[name]);
  const dummy = { accessKeyId: 'local', secretAccessKey: 'local' };
  return {
    maxAttempts: 1,
    requestHandler: timeouts,
    ...(ownRegion !== undefined && { region: ownRegion }),
    ...(endpoint !== undefined && { endpoint }),
    ...(endpoint !== undefined && !known && { credentials: dummy }),
  };
}

/** What the SDK threw, as an error that says what to do. */
export function explain(cause: unknown, { table, endpoint, key }: AwsPlace): TactfulError {
  if (cause instanceof TactfulError) return cause;
  if (nameOf(cause) === 'ResourceNotFoundException') return missingTable(table, key);
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

/** There is no such table, and how to make one. */
export function missingTable(table: string, key: TableKey = 'conversation_id'): UnavailableError {
  const remedy = `Use \`createTable\`, or run: ${createCommand(table, key)}`;
  return new UnavailableError(`dynamodb table ${table}`, 'a table', 'none of this name', remedy);
}

/** The name of an error: the SDK tells its kinds apart by that. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
