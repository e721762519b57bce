/** A run made up for tests of stores: its events, and rollouts that follow from their place. */
import type { JobEvent, RunEvent } from '../../src/events.ts';
import type { RolloutRow } from '../../src/rollouts.ts';
import type { RunRecord } from '../../src/store/store.ts';

export const started: RunEvent & { readonly type: 'started' } = {
  type: 'started',
  job: 'detox',
  runId: 'mine',
  time: '2026-11-29T05:00:00.000Z',
  version: '1',
  steps: 4,
  config: { seed: 7, learningRate: 0.001, targets: ['q', 'v'], deep: { a: true, b: null } },
  engine: 'none',
  data: { rows: 1, kept: 1, train: 1, test: 1 },
  policyParameters: { trainable: 1, all: 2 },
  referenceParameters: { trainable: 0, all: 2 },
};

/** A step that took two seconds. */
export function stepEvent(step: number, salt = 0): JobEvent {
  const metrics = {
    'objective/kl': Math.sin(step) + salt,
    'ppo/loss/policy': -1 / (step + salt + 1),
    'env/reward_mean': step / 7,
    'env/reward/a reward of mine!': step,
    'time/step': 2,
  };
  return { type: 'step', step, steps: 4, metrics };
}

export function evaluated(when: 'before' | 'after', mean: number): JobEvent {
  const summary = { n: 3, mean, std: 1 };
  const measures = { reward: summary, toxicity: summary, flagged: summary };
  return { type: 'evaluated', when, ...measures } as JobEvent;
}

/** So many steps from the beginning, with a measurement before them. */
export function events(steps: number): JobEvent[] {
  const trained = Array.from({ length: steps }, (_, i) => stepEvent(i + 1));
  return [started, evaluated('before', 0.5), ...trained];
}

export function rollouts(step: number, rows = 5): RolloutRow[] {
  return Array.from({ length: rows }, (_, row) => {
    const logprobs = [-step / 3, -row - 0.5, -0.125];
    return {
      ...{ step, row, id: `d${row}`, query: `hash${row}`, response: `answer ${row} of ${step}` },
      ...{ length: 3, truncated: row === 1, score: Math.cos(row * step), parts: { classifier: 1 } },
      ...{ kl: row / 10, logprob: -3, refLogprob: -4, advantage: row - 2 },
      tokens: {
        ...{ ids: [1, 2, 3], texts: ['an', 'swer', '</s>'], mask: [1, 1, row === 0 ? 0 : 1] },
        ...{ logprobs, refLogprobs: logprobs.map((p) => p - 0.1), kls: [0.1, 0.1, 0.1] },
        advantages: [row, 0, -row],
      },
    };
  });
}

/** A record that is nowhere but in memory. */
export function madeRun(folder: string, log: readonly JobEvent[]): RunRecord {
  return {
    folder,
    events: log,
    rollouts: async (step) => rollouts(step),
    queries: async () => new Map(rollouts(1).map(({ query }) => [query, `the query ${query}`])),
  };
}
