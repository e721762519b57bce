/** The one interface of what a run is written to beside its folder. */
import type { JobEvent } from '../events.ts';
import type { RolloutRow } from '../rollouts.ts';

/** A run as its folder has it: the truth, from which every store is made. */
export interface RunRecord {
  readonly folder: string;
  /** What has happened, as far as it stays true. */
  readonly events: readonly JobEvent[];
  /** Those of a step, by their place in the batch; none where nothing was kept. */
  rollouts(step: number): Promise<readonly RolloutRow[]>;
  /** Texts of queries by their hashes. */
  queries(): Promise<ReadonlyMap<string, string>>;
}

/** How much of a run a store has: so many of its events, and what belongs to them. */
export interface Position {
  readonly events: number;
}

/** Where a run goes beside its folder. What a store has from an earlier try it takes in place, never twice. */
export interface RunStore {
  /** In settings, messages and the run's record of what was delivered. */
  readonly name: string;
  /** Where it is, in words. */
  readonly says: string;
  /** Looks whether the run can be written there, before anything is trained. */
  check(): Promise<void>;
  /**
   * Writes what is missing, in batches.
   * @returns after each batch that is safe there, how far it is
   * @throws {UnavailableError} when it cannot be reached: what was not told stays to be done
   */
  deliver(run: RunRecord, from: Position): AsyncIterable<Position>;
  /** The run has gone back to a step: what came after it never happened. */
  rewind(run: RunRecord, step: number): Promise<void>;
  close(): Promise<void>;
}
