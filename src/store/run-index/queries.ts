/** What an index over runs is asked. Plain data. */
import type { ComparedOrder, RolloutOrder, RunState } from '../../api.ts';

/** Which runs: all that match everything that is given. */
export interface RunFilter {
  readonly states?: readonly RunState[];
  /** The command. */
  readonly job?: string;
  /** A part of the id or of the model's name, in whatever case. */
  readonly search?: string;
  /** What settings are, as they are written: `{ algorithm: 'ppo', learningRate: '1e-5' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Which rows of which runs: a window of all that match. */
export interface WindowQuery<Order> {
  /** Ids of runs; those that are not there have nothing. @default all, by their ids */
  readonly runs?: readonly string[];
  readonly search?: string;
  readonly sort?: Order;
  /** What lacks the number comes last either way. @default false */
  readonly descending?: boolean;
  /** @default 0 */
  readonly offset?: number;
  /** @default 100 */
  readonly limit?: number;
}

/**
 * Rollouts: `search` is a part of the response, in whatever case, or the id of the dialogue. Sorted by
 * step unless told otherwise; ties are by run in the order of `runs`, by step and by row.
 */
export interface RolloutQuery extends WindowQuery<RolloutOrder> {
  readonly step?: number;
  /** Hash of a prompt: the same prompt across steps and runs. */
  readonly query?: string;
  readonly minScore?: number;
  readonly maxScore?: number;
}

/**
 * Compared samples: `search` is a part of the prompt or of one of both responses, in whatever case, or
 * the id. Sorted by id unless told otherwise; ties are by run in the order of `runs`, and by row.
 */
export interface ComparedQuery extends WindowQuery<ComparedOrder> {
  readonly group?: string;
}
