/** What is counted of many machines, for people. */

/** Work of one kind, or of one worker. */
export interface Count {
  readonly jobs: number;
  /** Milliseconds of workers. */
  readonly took: number;
  /** Bytes of arguments, and of results. */
  readonly up: number;
  readonly down: number;
  /** Given out again: something around them went wrong. */
  readonly retries: number;
  /** Given out a second time: they took too long. */
  readonly duplicates: number;
}

interface Done {
  readonly kind: string;
  readonly worker: string;
  readonly took: number;
  readonly up: number;
  readonly down: number;
}

/** What has been counted so far. */
export interface Counted {
  /** Work by kind: names of graphs, or routines. */
  readonly kinds: ReadonlyMap<string, Count>;
  /** By their ids. */
  readonly workers: ReadonlyMap<string, Count>;
  /** Answers that came when nobody waited for them any more. */
  readonly lateAnswers: number;
}

export interface Tally extends Counted {
  done(job: Done): void;
  retried(kind: string): void;
  duplicated(kind: string): void;
  late(): void;
}

const none: Count = { jobs: 0, took: 0, up: 0, down: 0, retries: 0, duplicates: 0 };

/** Nothing counted yet. */
export function newTally(): Tally {
  const kinds = new Map<string, Count>();
  const workers = new Map<string, Count>();
  let lateAnswers = 0;
  const add = (table: Map<string, Count>, key: string, more: Partial<Count>) => {
    const known = table.get(key) ?? none;
    const sums = Object.entries(known).map(([name, value]) => [
      name,
      value + (more[name as keyof Count] ?? 0),
    ]);
    table.set(key, Object.fromEntries(sums));
  };
  return {
    done({ kind, worker, ...more }) {
      add(kinds, kind, { jobs: 1, ...more });
      add(workers, worker, { jobs: 1, ...more });
    },
    retried: (kind) => add(kinds, kind, { retries: 1 }),
    duplicated: (kind) => add(kinds, kind, { duplicates: 1 }),
    late: () => void lateAnswers++,
    kinds,
    workers,
    get lateAnswers() {
      return lateAnswers;
    },
  };
}
