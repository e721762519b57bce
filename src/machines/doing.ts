/** One job of a worker: checked, done, and told of. */

import { version } from '../disk/version.ts';
import { InputError, TactfulError } from '../errors.ts';
import { type Computer, MissingError, RefusedError } from './compute.ts';
import { errorToPlain } from './errors.ts';
import { type PostOffice, sendAnswer } from './post.ts';
import { type Answer, Job, jobId, protocol } from './protocol.ts';

interface Doing {
  readonly office: PostOffice;
  readonly compute: Computer;
  /** Of the worker. */
  readonly id: string;
  readonly signal: AbortSignal;
}

/** Does one job and tells what came of it. */
export async function doJob(
  data: unknown,
  { office, compute, id, signal }: Doing,
): Promise<{ readonly id: string; readonly failure?: unknown }> {
  const job = checked(data, office.run);
  if (job instanceof InputError) {
    const { data: told } = Numbered.safeParse(data);
    if (told) await sendAnswer(office, { ...told, worker: id, took: 0, error: errorToPlain(job) });
    throw job;
  }
  const head = { index: job.index, attempt: job.attempt, worker: id };
  const start = performance.now();
  let answer: Answer;
  let failure: unknown;
  try {
    const value = await compute.do(job, signal);
    answer = { ...head, took: performance.now() - start, value };
  } catch (error) {
    failure = error;
    answer = { ...head, took: performance.now() - start, ...failureOf(error) };
  }
  await sendAnswer(office, answer);
  return { id: jobId(job), failure };
}

const Numbered = Job.pick({ index: true, attempt: true }).strip();

/** Jobs come from outside: nothing of them is used before it is known to be what it should be. */
function checked(data: unknown, run: string): Job | InputError {
  const { success, data: job, error } = Job.safeParse(data);
  if (!success) {
    const [{ path, message }] = error.issues;
    return new InputError(
      'job',
      `one of tactful ${version}`,
      [...path, message].join(': '),
      refusedSays,
    );
  }
  if (job.tactful !== version) {
    return new InputError('job', `one of tactful ${version}`, `one of ${job.tactful}`, refusedSays);
  }
  if (job.protocol !== protocol) {
    const [expected, actual] = [protocol, job.protocol].map((one) => `protocol ${one}`);
    return new InputError('job', expected, actual, refusedSays);
  }
  if (job.run === run) return job;
  return new InputError('job', `one of run ${run}`, `one of ${job.run}`, refusedSays);
}

const refusedSays = 'It was refused; nothing of it was done.';

/** A failure of the job itself, or of what is around it. */
function failureOf(error: unknown): Pick<Answer, 'error' | 'returned'> {
  const says = (error as Error).message;
  if (error instanceof MissingError) {
    return { returned: { reason: 'missing', blobs: [...error.blobs], says } };
  }
  if (error instanceof RefusedError) return { returned: { reason: 'refused', says } };
  const isOwn = error instanceof TactfulError && error.code !== 'UNAVAILABLE' && !isBroken(error);
  return isOwn ? { error: errorToPlain(error) } : { returned: { reason: 'trouble', says } };
}

/** Whether the engine is gone: the worker cannot go on. Where it lives in a thread, errors come by their code. */
export function isBroken(error: unknown): error is TactfulError {
  return error instanceof TactfulError && error.code === 'ENGINE_CLOSED';
}
