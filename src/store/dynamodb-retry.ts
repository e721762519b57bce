/** Trying again what DynamoDB could not do for now: throttled, cut off, half done. Pure. */
import { nameOf } from './aws.ts';

/** How often is tried, and how it is waited in between. */
export interface Patience {
  /** Tries before giving up. */
  readonly attempts: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Uniform in [0, 1): of a wait half is sure and half is chance, so that writers do not go in step. */
  readonly random: () => number;
}

/** Milliseconds before try number `attempt`: 100, 200, 400, ... 5000. */
export function backoff(attempt: number): number {
  return Math.min(5000, 50 * 2 ** attempt);
}

/** Waits before try number `attempt`. */
export function pause(attempt: number, { sleep, random }: Patience): Promise<void> {
  return sleep(backoff(attempt) * (0.5 + random() / 2));
}

/** Does the work again while what it throws may pass. */
export async function patiently<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= patience.attempts || !mayPass(error)) throw error;
      await pause(attempt, patience);
    }
  }
}

const passing = [
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'InternalServerError',
  'ServiceUnavailable',
  'TimeoutError',
];
const cut = ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT'];

/** Whether it may go well the next time: a server in haste, or a line that broke. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    passing.includes(nameOf(error)) ||
    cut.includes(code) ||
    /socket hang up|aborted/.test(error.message) ||
    error instanceof SyntaxError || // half an answer
    (statusOf(error) ?? 0) >= 500
  );
}

function statusOf(error: Error): number | undefined {
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return $metadata?.httpStatusCode;
}
