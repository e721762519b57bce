/** Where events go: every store passes test/contract/store.ts. */
import { InputError } from '../errors.ts';
import type { RunEvent } from '../events.ts';

/**
 * Append-only log of events, one per run. `read` gives them in the order of `append`; a run that
 * nobody wrote has none. Progress events tell a screen how far a phase is and are not kept.
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
      if (isKept(event)) runs.set(runId, [...(runs.get(runId) ?? []), structuredClone(event)]);
    },
    read: async (runId) => structuredClone(runs.get(checkRunId(runId)) ?? []),
    list: async () => [...runs.keys()].sort(),
  };
}

export function isKept(event: RunEvent): boolean {
  return event.type !== 'progress';
}

/** A run's name is also a folder's: letters, digits, dot, hyphen, underscore, no dot first. */
export function checkRunId(runId: string): string {
  if (/^[\w-][\w.-]*$/.test(runId)) return runId;
  throw new InputError('run id', 'letters, digits, ".", "-" and "_"', JSON.stringify(runId));
}
