/** I/O: an engine in a worker thread, so that a run never blocks the caller's event loop. */
import { createRequire } from 'node:module';
import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import { ClosedError, TactfulError } from '../errors.ts';
import { Graph } from '../graph/graph.ts';
import { exp } from '../graph/ops/elementwise.ts';
import { float32 } from '../tensor.ts';
import type { Backend } from './backend.ts';
import { type Engine, engineOver } from './engine.ts';
import { engines, type OneEngine } from './engines.ts';
import type { Feeds } from './feeds.ts';
import type { OpenOptions } from './record.ts';

interface Request {
  readonly id: number;
  /** Of the backend that is meant: a thread may have several. */
  readonly backend: number;
  readonly method: 'open' | keyof Backend;
  readonly args: readonly unknown[];
}
interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly stack: string;
  readonly remedy: string;
}
interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: PlainError;
}

const methods = [
  'describe',
  'load',
  'run',
  'unload',
  'openState',
  'writeState',
  'reserveState',
  'selectState',
  'dropState',
  'close',
] as const;

/** What a worker thread is to run. */
export interface WorkerOptions extends OpenOptions {
  readonly engine: OneEngine;
}

/**
 * Starts an engine in a worker thread: one of its own, or the one of all engines of its library. The
 * thread does not keep an idle process alive.
 */
export async function startWorker({ engine: name, ...options }: WorkerOptions): Promise<Engine> {
  const record = engines[name];
  record.prepare?.(process.env); // a thread has a copy of it that the libraries do not see
  const thread = record.sharesThread ? sharedThread(name) : startThread();
  const end = async () => {
    if (!record.sharesThread) await thread.end();
  };
  const backend = await backendAt(thread, name, options).catch(async (cause) => {
    await end();
    throw cause;
  });
  const engine = await engineOver(backend, record);
  const close = () => engine.close().finally(end);
  if (engine.memory === 'device') {
    await probe(engine).catch(async (cause) => {
      await close();
      throw cause;
    });
  }
  return { ...engine, close };
}

/** A worker thread in which backends can be opened. */
interface Thread {
  request(backend: number, method: Request['method'], args: readonly unknown[]): Promise<unknown>;
  /** A number that no backend of it has had. */
  next(): number;
  readonly hasEnded: boolean;
  end(): Promise<void>;
}

const shared = new Map<OneEngine, Thread>();

function sharedThread(name: OneEngine): Thread {
  const there = shared.get(name);
  if (there && !there.hasEnded) return there;
  const thread = startThread();
  shared.set(name, thread);
  return thread;
}

/** A device that is not there shows only when something is computed on it: better now than later. */
async function probe(engine: Engine): Promise<void> {
  const graph = new Graph();
  graph.output('y', exp(graph.input('x', 'float32', ['n'])));
  const session = await engine.compile(graph);
  await session.run({ x: float32([0, 1]) });
  await session.close();
}

/** Opens a backend in this thread. */
type Open = (engine: OneEngine, options: OpenOptions) => Promise<Backend>;

/**
 * The worker's side: answers one request after another with what the backend gives. A close thus
 * waits for the runs before it; a thread that ends inside a native call takes the process with it.
 */
export function serve(port: MessagePort, open: Open): void {
  const backends = new Map<number, Backend>();
  let last = Promise.resolve();
  port.on('message', (request: Request) => {
    last = last.then(async () => {
      const { reply, moved } = await answer(request, backends, open);
      port.postMessage(reply, moved);
    });
  });
}

async function answer(
  { id, backend: number, method, args }: Request,
  backends: Map<number, Backend>,
  open: Open,
): Promise<{ reply: Reply; moved: ArrayBuffer[] }> {
  try {
    if (method === 'open') {
      backends.set(number, await open(...(args as Parameters<Open>)));
      return { reply: { id }, moved: [] };
    }
    const backend = backends.get(number);
    if (!backend) throw new ClosedError('the engine is closed');
    if (method === 'close') backends.delete(number);
    const call = backend[method] as (...args: unknown[]) => Promise<unknown>;
    const result = await call.apply(backend, [...args]);
    if (method !== 'run') return { reply: { id, result }, moved: [] };
    const copies = copied(result as Feeds);
    const moved = Object.values(copies).map(({ data }) => data.buffer as ArrayBuffer);
    return { reply: { id, result: copies }, moved };
  } catch (error) {
    return { reply: { id, error: plain(error) }, moved: [] };
  }
}

/** An error as it crosses threads: classes do not. */
function plain(error: unknown): PlainError {
  const { message, stack = '', code = 'INTERNAL', remedy = '' } = error as TactfulError;
  const text =
    remedy !== '' && message.endsWith(remedy) ? message.slice(0, -remedy.length) : message;
  return { code, message: text.trimEnd(), stack, remedy };
}

function revived({ code, message, stack, remedy }: PlainError): TactfulError {
  return new TactfulError(code, message, { cause: stack, remedy });
}

/** Tensors in memory of their own, which can move to another thread; the engine's cannot. */
function copied(tensors: Feeds): Feeds {
  const copies = Object.entries(tensors).map(([name, tensor]) => [
    name,
    { ...tensor, data: tensor.data.slice() },
  ]);
  return Object.fromEntries(copies);
}

/** The caller's side. */
function startThread(): Thread {
  const worker = new Worker(createRequire(import.meta.url).resolve('#engine-worker'));
  worker.unref();
  const open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let requests = 0;
  let backends = 0;
  let ended: Error | undefined;
  const fail = (error: Error) => {
    ended ??= error;
    for (const { reject } of open.values()) reject(error);
    open.clear();
  };
  worker.on('message', ({ id, result, error }: Reply) => {
    const call = open.get(id);
    open.delete(id);
    if (open.size === 0) worker.unref();
    if (error) call?.reject(revived(error));
    else call?.resolve(result);
  });
  const ends = 'the engine thread ended';
  worker.on('error', (error) => fail(new ClosedError(`${ends}: ${error.message}`, error)));
  worker.on('exit', () => fail(new ClosedError(ends)));
  return {
    request: (backend, method, args) =>
      new Promise((resolve, reject) => {
        if (ended) throw ended; // a message to an ended thread would wait for ever
        worker.ref();
        open.set(requests, { resolve, reject });
        worker.postMessage({ id: requests++, backend, method, args } satisfies Request);
      }),
    next: () => backends++,
    get hasEnded() {
      return ended !== undefined;
    },
    end: async () => void (await worker.terminate()),
  };
}

/** A backend whose every method is a request over the wire. */
async function backendAt(
  { request, next }: Pick<Thread, 'request' | 'next'>,
  ...opening: Parameters<Open>
): Promise<Backend> {
  const backend = next();
  await request(backend, 'open', opening);
  const calls = methods.map((method) => [
    method,
    (...args: readonly unknown[]) => request(backend, method, args),
  ]);
  return Object.fromEntries(calls) as Backend;
}
