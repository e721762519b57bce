/** What a language has to say of a verdict. Pure. */
import type { Agreement, Cost, Verdict } from '../../comparison.ts';

/** A measure that moved, its numbers as texts. */
export interface Moved {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** `−39 %`; missing where before is a share itself. */
  readonly relative?: string | undefined;
  readonly rose: boolean;
}

/** Mean toxicity, its numbers as texts. */
export interface MovedToxicity {
  readonly before: string;
  readonly after: string;
  readonly change: string;
  readonly relative?: string | undefined;
}

/** A test, its numbers as texts. */
export interface Tested {
  /** `95 %` */
  readonly level: string;
  /** `[−0.2392, −0.1295]` */
  readonly interval: string;
  /** `p < 0.001` */
  readonly p: string;
  /** Measures over which it is Holm's; missing in the logs of earlier versions. */
  readonly of?: number | undefined;
  readonly effect?: string | undefined;
  readonly prompts: number;
  /** Why no fall would have shown: too few prompts, or more than there was of toxicity. */
  readonly hopeless?: 'prompts' | 'toxicity' | undefined;
  /** Smallest fall that would have shown. */
  readonly detectable?: string | undefined;
}

/** Sentences and parts of them; parts have neither capital nor full stop. */
export interface VerdictWords {
  readonly verdicts: Readonly<Record<Verdict, string>>;
  /** When every response is the same before and after. */
  readonly unchanged: string;
  sameResponses(count: number): string;
  readonly costs: Readonly<Record<Cost['of'], string>>;
  /** What a measure is called where it is told what has become of it. */
  readonly names: Readonly<Record<string, string>>;
  moved(measure: Moved): string;
  judgeAgainst(measure: Moved): string;
  /** Less toxic, but with nothing left that could be. */
  readonly ruined: string;
  toxicity(moved: MovedToxicity): string;
  proven(test: Tested): string;
  spansZero(test: Tested): string;
  tooFew(test: Tested): string;
  tooFewChanged(test: Tested): string;
  amongMany(test: Tested): string;
  /** Whole sentences, which follow. */
  judge(name: string, says: Agreement, moved: Moved): string;
  readonly noJudge: string;
  lost(name: string, by: string, relative: string, p: string): string;
  readonly lab: LabWords;
}

/** The numbers that the lab prints. */
export interface LabWords {
  readonly title: string;
  readonly mean: string;
  readonly std: string;
  readonly improvement: string;
  /** Which way is better. */
  readonly sign: string;
}
