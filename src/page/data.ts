/** What the script of a report reads: samples as they are shown, and the words around them. Plain data. */

/** Before training and after it. */
export type Pair = readonly [before: number, after: number];

/** One prompt's responses; numbers rounded to what is shown. */
export interface PageSample {
  readonly id: string;
  /** Which of a prompt's samples it is; missing where each prompt has one. */
  readonly sample?: number;
  readonly group?: string;
  /** Without what all prompts have in common. */
  readonly query: string;
  readonly before: string;
  readonly after: string;
  readonly toxicity: Pair;
  readonly reward: Pair;
  readonly rouge1?: Pair;
  readonly tokens: Pair;
  /** Each judge that the training never saw. */
  readonly judges?: Readonly<Record<string, Pair>>;
}

/** A column of numbers by which samples are sorted and shown. */
export type Quantity = 'toxicity' | 'reward' | 'rouge1' | 'tokens';

/** What the script says. */
export interface PageWords {
  /** `{shown} of {all} samples` */
  readonly count: string;
  readonly nothing: string;
  readonly open: string;
  readonly close: string;
  readonly previous: string;
  readonly next: string;
  readonly before: string;
  readonly after: string;
  readonly change: string;
  readonly prompt: string;
  readonly same: string;
  readonly empty: string;
  readonly quantities: Readonly<Record<Quantity, string>>;
}

export interface PageData {
  readonly words: PageWords;
  readonly samples: readonly PageSample[];
}
