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

/** How much of a run a store has: so many of its events, and what belongs to them. Plain data. */
export interface Position {
  readonly events: number;
  /** What the store has to know again: the id of the run at a server, the name of a file. */
  readonly memo?: Readonly<Record<string, string | number>>;
}

/** Where a run goes beside its folder. What a store has from an earlier try it takes in place, never twice. */
export interface RunStore {
  /** In settings, messages and the run's record of what was delivered. */
  readonly name: string;
  /** Where it is, in words: the same for the same place, and others for another one. */
  readonly says: string;
  /**
   * Looks whether a run can be written there, before anything is trained.
   * @param run what is known of it: no events of one that is about to begin, whose id is its folder's name
   */
  check(run: RunRecord): Promise<void>;
  /**
   * Writes what is missing, in batches.
   * @returns after each batch that is safe there, how far it is; the last time with all events
   * @throws {UnavailableError} when it cannot be reached: what was not told stays to be done
   * @throws {ConfigError} when it will not take the run: no other try will help
   */
  deliver(run: RunRecord, from: Position): AsyncIterable<Position>;
  /**
   * The run's log no longer reads as it did when `from` was told: what is no longer true is taken back.
   * @param common so many events of `from` still stand
   * @returns where to go on
   */
  rewind(run: RunRecord, from: Position, common: number): Promise<Position>;
  close(): Promise<void>;
}
