/** What a report says around its numbers, `report.md` and `report.html`: the sentences that each language has. */
import type { PageWords } from '../../page/data.ts';

/** Rows of "What was run" that are not settings. */
export type FactName =
  | 'started'
  | 'took'
  | 'memory'
  | 'engine'
  | 'policy'
  | 'reference'
  | 'data'
  | 'split'
  | 'reward'
  | 'toxicity'
  | 'judge'
  | 'best';

/** Settings that a report names. */
export type SettingName =
  | 'model'
  | 'adapter'
  | 'against'
  | 'rewardModel'
  | 'toxicityModel'
  | 'rewardModule'
  | 'rewardWeight'
  | 'rewardModelWeight'
  | 'dataFile'
  | 'algorithm'
  | 'compat'
  | 'without'
  | 'rougeWeight'
  | 'batchSize'
  | 'ppoEpochs'
  | 'learningRate'
  | 'initKlCoef'
  | 'seed';

export interface ReportWords {
  /** Headings, and the short ones of the page's contents. */
  readonly titles: {
    readonly run: (id: string) => string;
    readonly what: string;
    readonly beforeAfter: string;
    readonly slices: string;
    readonly training: string;
    readonly guards: string;
    readonly why: string;
    readonly together: string;
    readonly responses: string;
    readonly samples: string;
    readonly keepInMind: string;
    readonly again: string;
    readonly settings: string;
    readonly hashes: string;
    readonly distributions: string;
  };
  readonly facts: Readonly<Record<FactName, string>>;
  readonly settings: Readonly<Record<SettingName, string>>;
  readonly columns: {
    readonly before: string;
    readonly after: string;
    readonly change: string;
    readonly interval: (level: string) => string;
    readonly p: string;
    readonly query: string;
    readonly step: string;
    readonly setting: string;
    readonly value: string;
    readonly file: string;
    readonly measure: string;
  };
  readonly curves: Readonly<
    Record<'reward' | 'toxic' | 'kl' | 'klCoef' | 'loss' | 'clipped' | 'tokens' | 'rouge1', string>
  >;
  readonly prompts: (n: number) => string;
  readonly rows: (n: number) => string;
  readonly steps: (n: number) => string;
  readonly kept: (rows: number, kept: number, dialogues: number | undefined) => string;
  readonly split: (train: number, validation: number | undefined, test: number) => string;
  readonly trainable: (trainable: string, all: string, share: string) => string;
  readonly memory: (peak: string, foreseen: string | undefined) => string;
  readonly best: (step: number, measures: string) => string;
  /** Of which model an output is. */
  readonly ofModel: (output: string, model: 'reward' | 'toxicity') => string;
  /** A slice that has no name in the data. */
  readonly slice: (name: string, by: 'group' | 'judge' | 'length' | undefined) => string;
  readonly flagged: string;
  readonly how: string;
  readonly ofHtml: string;
  readonly noSteps: string;
  readonly oneStep: string;
  readonly guards: {
    /** One event of a guard. */
    readonly event: (said: {
      readonly step: number;
      readonly name: string;
      readonly before: string;
      readonly now: string;
      readonly to: number | undefined;
    }) => string;
    readonly rolledBack: (to: number) => string;
    readonly checks: (checks: number, well: number) => string;
    readonly none: string;
    readonly names: Readonly<Record<string, string>>;
    readonly showing: string;
  };
  readonly files: (rows: string) => string;
  readonly allRows: string;
  readonly roseMost: (some: number, all: string) => string;
  readonly fellMost: (some: number, all: string) => string;
  readonly caveats: {
    readonly precision: (prompts: string, half: string) => string;
    readonly oneSeed: (seed: string) => string;
    readonly judge: string;
    readonly uncorrected: string;
    readonly rougeFell: (by: string) => string;
    readonly alike: (by: string) => string;
  };
  readonly again: (version: string) => string;
  readonly record: string;
  readonly quarters: Readonly<Record<'both' | 'rougeOnly' | 'neither' | 'paid', string>>;
  readonly together: string;
  readonly axes: { readonly reward: string; readonly rouge1: string };
  readonly share: (count: number, all: number, percent: string) => string;
  readonly distributions: string;
  readonly training: { readonly line: string; readonly held: string };
  readonly empty: string;
  readonly page: PageWords;
  readonly table: {
    readonly search: string;
    readonly group: string;
    readonly change: string;
    readonly flag: string;
    readonly order: string;
    readonly all: string;
    readonly changes: Readonly<Record<string, string>>;
    readonly flags: Readonly<Record<string, string>>;
    readonly orders: Readonly<Record<string, string>>;
    readonly script: string;
    readonly reversed: string;
    readonly legend: string;
    readonly prompt: string;
    readonly response: string;
  };
  readonly contents: string;
  readonly madeBy: (version: string) => string;
  readonly offline: string;
  readonly allSettings: string;
  readonly fingerprintsOf: string;
}
