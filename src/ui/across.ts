/** Responses to one prompt, laid out by step and run. Pure. */
import type { RolloutWindow } from '../api.ts';

export type Response = RolloutWindow['rows'][number];

/** With what each response is compared: the first of all, the one before of its run, or nothing. */
export const bases = ['first', 'before', 'nothing'] as const;
export type Base = (typeof bases)[number];

export interface Cell {
  readonly response: Response;
  /** Missing where it is compared with nothing, itself included. */
  readonly base?: Response;
}

export interface Grid {
  /** The columns. */
  readonly runs: readonly string[];
  /** The lines, by step: of each run what it said there. */
  readonly lines: readonly {
    readonly step: number;
    readonly cells: readonly (readonly Cell[])[];
  }[];
}

/** @param responses in any order */
export function gridOf(responses: readonly Response[], compared: Base): Grid {
  const sorted = responses.toSorted((a, b) => a.step - b.step || a.row - b.row);
  const runs = [...new Set(sorted.map(({ run }) => run))].sort();
  const steps = [...new Set(sorted.map(({ step }) => step))];
  const [first] = sorted;
  const before = new Map<string, Response>();
  const cells = sorted.map((response): Cell => {
    const base = { first, before: before.get(response.run), nothing: undefined }[compared];
    before.set(response.run, response);
    return base === undefined || base === response ? { response } : { response, base };
  });
  const at = (step: number, run: string) =>
    cells.filter(({ response }) => response.step === step && response.run === run);
  const lines = steps.map((step) => ({ step, cells: runs.map((run) => at(step, run)) }));
  return { runs, lines };
}
