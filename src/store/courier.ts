/** I/O: brings any number of stores up to date with a run behind its back: it never waits for them. */
import { setTimeout } from 'node:timers/promises';
import { TactfulError, UnavailableError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import { type Delivery, delivery } from './delivery.ts';
import { type RunLog, runLog } from './run-log.ts';
import type { RunStore } from './store.ts';

/** Why a store does not have what it should. */
export interface Trouble {
  readonly store: RunStore;
  readonly error: unknown;
  /** No other try will help: it gets no more of this run. */
  readonly isFinal: boolean;
}

/** How much of a run a store has in the end. */
export interface Delivered {
  readonly store: RunStore;
  readonly events: number;
  /** All that there are. */
  readonly of: number;
  /** Why some are missing, where that is known. */
  readonly error?: unknown;
}

export interface Courier {
  /** Takes an event that is in the log; returns at once. */
  tell(event: JobEvent): void;
  /**
   * Waits until each store has all, but for those that fail once more now, and ends. Asked again, it
   * tells the same.
   */
  finish(until: { readonly signal?: AbortSignal; readonly limit: number }): Promise<Delivered[]>;
}

export interface CourierOptions {
  readonly folder: string;
  /** Closed in the end. */
  readonly stores: readonly RunStore[];
  /** What the log has already. @default nothing */
  readonly events?: readonly JobEvent[];
  /** Called once for each store that cannot be reached, and for one that will not take the run. */
  readonly onTrouble: (trouble: Trouble) => void;
  /** Milliseconds from one delivery to the next: several steps go together. @default 5000 */
  readonly every?: number;
  /** Uniform in [0, 1), for how long is waited. @default Math.random */
  readonly random?: () => number;
}

/** Delivers what is told, a loop a store. */
export function startCourier(options: CourierOptions): Courier {
  const { folder, stores, events = [] } = options;
  const log = runLog(events);
  const [ending, over] = [new AbortController(), new AbortController()];
  let ring = () => {};
  let rung = Promise.resolve();
  const renew = () => {
    rung = new Promise((resolve) => {
      ring = resolve;
    });
  };
  renew();
  const shared = { log, options, ending: ending.signal, over: over.signal, rung: () => rung };
  const carried = stores.map((store) => ({ store, delivery: delivery(folder, store) }));
  const loops = carried.map((one) => carry({ ...one, ...shared }));
  let finished: Promise<Delivered[]> | undefined;

  const finish: Courier['finish'] = async ({ signal, limit }) => {
    ending.abort();
    ring();
    const timer = new AbortController();
    const late = setTimeout(limit, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([Promise.allSettled(loops), late, aborted(signal)]);
    timer.abort();
    over.abort();
    const errors = await Promise.all(loops.map((loop) => Promise.race([loop, undefined])));
    await Promise.allSettled(carried.map((one) => one.delivery.close()));
    await Promise.allSettled(stores.map((store) => store.close()));
    const of = log.events.length;
    return carried.map(({ store, delivery: { events: there } }, i) => {
      const error = errors[i];
      return { store, events: there, of, ...(error !== undefined && { error }) };
    });
  };
  return {
    tell(event) {
      log.tell(event);
      if (event.type === 'progress') return;
      ring();
      renew();
    },
    finish(until) {
      finished ??= finish(until);
      return finished;
    },
  };
}

interface Carried {
  readonly store: RunStore;
  readonly delivery: Delivery;
  readonly log: RunLog;
  readonly options: CourierOptions;
  /** No more events come: what fails now is left. */
  readonly ending: AbortSignal;
  /** Nobody waits any more. */
  readonly over: AbortSignal;
  readonly rung: () => Promise<void>;
}

/** @returns why the store does not have all, where it does not */
async function carry(carried: Carried): Promise<unknown> {
  const { store, delivery: one, log, options, ending, over, rung } = carried;
  const { onTrouble, every = 5000, random = Math.random } = options;
  let seen = -1;
  let isTold = false;
  for (let failures = 0; !over.aborted; ) {
    const isLast = ending.aborted;
    // asked before it is looked: what rings meanwhile is not missed
    const next = rung();
    if (log.events.length === seen || log.events.length === 0) {
      if (isLast) return undefined;
      await next;
      continue;
    }
    const count = log.events.length;
    try {
      await one.update(log, () => over.aborted);
      [failures, seen] = [0, count];
      await rest(every, ending);
    } catch (error) {
      const isFinal = error instanceof TactfulError && !(error instanceof UnavailableError);
      if (isFinal || !isTold) onTrouble({ store, error, isFinal });
      if (isFinal || isLast) return error;
      isTold = true;
      failures++;
      await rest(backoff(failures) * (0.5 + random() / 2), ending);
    }
  }
  return undefined;
}

/** Milliseconds before the next try: 2 s, 4 s, ... one minute. */
function backoff(failures: number): number {
  return Math.min(60_000, 1000 * 2 ** failures);
}

/** Waits, no longer than until there is an end. */
async function rest(milliseconds: number, ending: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal: ending }).catch(() => {});
}

/** Resolves when the signal comes from now on. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
