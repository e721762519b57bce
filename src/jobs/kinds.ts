/** The kinds of jobs: an entry each. */
import type { Kind } from './kind.ts';

/** A kind before it is loaded: what `tactful --help` says of it. */
export interface KindEntry {
  /** The command. */
  readonly name: string;
  readonly summary: string;
  load(): Promise<Kind>;
}

export const kinds: readonly KindEntry[] = [
  {
    name: 'detox',
    summary: 'Train a policy until its summaries are less toxic, and prove whether they are.',
    load: async () => (await import('./detox/detox.ts')).detoxKind,
  },
  {
    name: 'evaluate',
    summary: 'Measure a policy on held-out dialogues, or two against each other, without training.',
    load: async () => (await import('./evaluate/evaluate.ts')).evaluateKind,
  },
  {
    name: 'sft',
    summary: 'Teach a policy to summarise from examples, before or instead of detox.',
    load: async () => (await import('./sft.ts')).sftKind,
  },
  {
    name: 'train-classifier',
    summary: 'Train a reward model on labelled texts.',
    load: async () => (await import('./classify.ts')).classifyKind,
  },
];
