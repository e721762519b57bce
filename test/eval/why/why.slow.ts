/** Planted causes over several seeds, and how often something is said of nothing: minutes. */
import { expect, test } from 'vitest';
import { rankCorrelation, spearman } from '../../../src/eval/why/ranks.ts';
import { whyOf } from '../../../src/eval/why/why.ts';
import type { Why } from '../../../src/explanation.ts';
import { randomStream } from '../../../src/random.ts';
import { type Cause, planted } from './planted.ts';

const minutes = 60_000;
const seeds = Array.from({ length: 10 }, (_, i) => i);

function whyOfPlanted(of: Cause, seed: number): Why {
  const { before, after, references } = planted(of, seed);
  return whyOf(before, after, { seed, references });
}

test.each([
  { of: 'word', feature: 'harmfulWords' },
  { of: 'length', feature: 'length' },
  { of: 'copying', feature: 'copied' },
] as const)(
  'of 10 gains that come from $of, 10 are put down to it first',
  ({ of, feature }) => {
    const firsts = seeds.map((seed) => whyOfPlanted(of, seed).explanations[0].changes[0]);
    expect(firsts.map((change) => [change.feature, change.role])).toEqual(
      seeds.map(() => [feature, 'cause']),
    );
  },
  10 * minutes,
);

test(
  'of 200 comparisons of a policy with itself something is said in 2 % at most',
  () => {
    const said = Array.from({ length: 200 }, (_, seed) => {
      const { before, after } = planted('nothing', 1000 + seed, 120);
      const { explanations, gone, come } = whyOf(before, after, { seed, draws: 4000 });
      const found = explanations.flatMap(({ changes, givens }) => [
        ...changes.filter(({ role }) => role !== 'none'),
        ...givens.filter((given) => given.found),
      ]);
      return found.length + gone.length + come.length > 0;
    });
    // changes and givens at 1 %, n-grams at 1 %: 4 of 200, and two standard deviations
    expect(said.filter(Boolean).length).toBeLessThanOrEqual(8);
  },
  20 * minutes,
);

/** Pairs as changes and gains are: 0 together for most, in steps, skewed, or plain. */
const kinds: Readonly<Record<string, (next: () => number) => [number, number]>> = {
  plain: (normal) => {
    const x = normal();
    return [x, 0.5 * x + normal()];
  },
  'in steps': (normal) => {
    const x = Math.round(normal());
    return [x, Math.round(0.5 * x + normal())];
  },
  'mostly 0': (normal) => {
    if (normal() < 0.7) return [0, 0.02 * normal()];
    const x = Math.sign(normal());
    return [x, x * 0.6 + 0.4 * normal()];
  },
  skewed: (normal) => {
    const x = Math.exp(normal());
    return [x, Math.exp(0.5 * Math.log(x) + normal())];
  },
};

test.each(Object.keys(kinds))(
  'an interval of 95 percent covers rho in 93 to 97 of 100 experiments, 1,000 of them: %s',
  (kind) => {
    const draw = (n: number, seed: number) => {
      const stream = randomStream(seed, ['coverage', kind]);
      const pairs = Array.from({ length: n }, () => kinds[kind](() => stream.normal()));
      return [0, 1].map((k) => pairs.map((pair) => pair[k]));
    };
    const [manyX, manyY] = draw(200_000, 1);
    const truth = spearman(manyX, manyY);
    const covered = Array.from({ length: 1000 }, (_, i) => {
      const [x, y] = draw(150, 2 + i);
      const { low, high } = rankCorrelation(x, y);
      return low <= truth && truth <= high;
    });
    const share = covered.filter(Boolean).length / 1000;
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
  },
  10 * minutes,
);
