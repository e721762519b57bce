import type { Exam } from './exam.ts';
import type { Verdict } from './finding.ts';
import type { Intake } from './intake.ts';

/** One question about a run. */
export interface Check<Subject = Exam> {
  /** Stable, kebab-case. */
  readonly name: string;
  /** What it does, for the progress display. */
  readonly doing: string;
  /** Verdicts, one or several; a `TactfulError` that it throws is a verdict as well. */
  find(subject: Subject): Verdict | readonly Verdict[] | Promise<Verdict | readonly Verdict[]>;
}

/** A question that needs no sampled responses. */
export type EarlyCheck = Check<Intake>;
