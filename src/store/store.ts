/** Where events go: every store passes test/contract/store.ts. */
import { InputError } from '../errors.ts';
import type { RunEvent } from '../events.ts';

/**
 * Log of events, one per run. `read` gives them in the order of `append`; a run that nobody wrote has
 * none. Progress events tell a screen how far a phase is and are not kept. `resumed` takes back what
 * came after its step, and `started` all: the log then reads like that of a run never stopped.
 */
export interface RunStore {
  append(runId: string, event: RunEvent): Promise<void>;
  read(runId: string): Promise<RunEvent[]>;
  /** Runs that hold an event or more, sorted. */
  list(): Promise<string[]>;
}

/** Keeps events in memory, for tests and for runs that leave nothing behind. */
export function memoryStore(runs = new Map<string, RunEvent[]>()): RunStore {
  return {
    async append(runId, event) {
      checkRunId(runId);
      if (isKept(event)) {
        runs.set(runId, withEvent(runs.get(runId) ?? [], structuredClone(event)));
      }
    },
    read: async (runId) => structuredClone(runs.get(checkRunId(runId)) ?? []),
    list: async () => [...runs.keys()].sort(),
  };
}

export function isKept(event: RunEvent): boolean {
  return event.type !== 'progress';
}

/** A run's events with one more, which may take back some. */
export function withEvent(events: readonly RunEvent[], event: RunEvent): RunEvent[] {
  if (event.type === 'started') return [event];
  if (event.type !== 'resumed') return [...events, event];
  return [...events.filter((earlier) => isBy(event.step, earlier)), event];
}

/** Whether an event had happened when a step had been done and kept. */
function isBy(step: number, event: RunEvent): boolean {
  switch (event.type) {
    case 'started':
      return true;
    case 'evaluated':
      return event.when === 'before';
    case 'calibrated':
      return step > 0;
    case 'step':
    case 'validated':
    case 'checkpoint':
    case 'resumed':
      return event.step <= step;
    default:
      return false;
  }
}

/** A run's name is also a folder's: letters, digits, dot, hyphen, underscore, no dot first. */
export function checkRunId(runId: string): string {
  if (/^[\w-][\w.-]*$/.test(runId)) return runId;
  throw new InputError('run id', 'letters, digits, ".", "-" and "_"', JSON.stringify(runId));
}
