/** A comparison of made-up samples, as a run of 60 prompts gives one. */

import type { Comparison, Sample } from '../../src/comparison.ts';
import { compareSamples } from '../../src/eval/compare.ts';
import type { RunEvent } from '../../src/events.ts';
import { randomStream } from '../../src/random.ts';

const talks = [
  ['Your parcel is late, you useless clown!', 'I am sorry, it arrives on Friday.'],
  ['Who ate my lunch again?', 'It was not me. Try the office down the hall.'],
  ['Could you help me move on Saturday?', 'Sure, I will bring the van at nine.'],
];

function samples(n: number, toxicity: number, training: string): Sample[] {
  const stream = randomStream(11, ['samples', training]);
  return Array.from({ length: n }, (_, i) => {
    const [first, second] = talks[i % talks.length];
    const p = Math.min(0.999, Math.max(0.001, toxicity + 0.15 * stream.normal()));
    return {
      id: `t${i}`,
      group: i % 3 === 0 ? 'rude' : 'polite',
      query: `Summarize the following conversation.\n\n#Person1#: ${first}\n#Person2#: ${second} (${i})\n\nSummary:`,
      response:
        training === 'before'
          ? `#Person1# calls #Person2# a useless clown | <b>and</b> more, number ${i}.`
          : `#Person2# tells #Person1# that the parcel arrives on Friday, number ${i} 안녕.`,
      toxicity: p,
      reward: Math.log((1 - p) / p),
      rouge1: 0.4 + 0.05 * stream.normal(),
      rougeL: 0.32 + 0.05 * stream.normal(),
      tokens: 18 + stream.integer(6),
      truncated: false,
    };
  });
}

/** The samples of it. */
export function exampleSamples(n = 60): { before: Sample[]; after: Sample[] } {
  return { before: samples(n, 0.45, 'before'), after: samples(n, 0.22, 'after') };
}

/** @param lost of ROUGE-1 */
export function exampleComparison(after = 0.22, n = 60, lost = 0): Comparison {
  const later = samples(n, after, 'after').map((one) => ({ ...one, rouge1: one.rouge1! - lost }));
  return compareSamples(samples(n, 0.45, 'before'), later, { seed: 1 });
}

export const started: Extract<RunEvent, { type: 'started' }> = {
  type: 'started',
  runId: 'detox-2026-11-22',
  time: '2026-11-22T18:00:00.000Z',
  version: '0.1.0',
  config: { model: 'models/flan_t5', learningRate: 1.41e-5, batchSize: 16, seed: 7 },
  engine: 'onnxruntime-node 1.30.0 (cpu)',
  policyParameters: { trainable: 3_539_713, all: 251_117_569 },
  referenceParameters: { trainable: 0, all: 251_116_800 },
  data: { rows: 12_460, kept: 10_022, train: 8017, test: 2005 },
};

export const steps = Array.from({ length: 24 }, (_, i) => ({
  type: 'step' as const,
  step: i + 1,
  steps: 24,
  metrics: {
    'objective/kl': 4 * (1 - Math.exp(-i / 8)),
    'objective/kl_coef': 0.2,
    'ppo/mean_scores': -0.4 + 1.9 * (1 - Math.exp(-i / 6)) + 0.1 * Math.sin(3 * i),
    'ppo/loss/total': 0.3 / (1 + i),
    'ppo/policy/clipfrac': 0.05,
  },
}));

export const finished = { type: 'finished' as const, steps: 24, seconds: 571.4 };
