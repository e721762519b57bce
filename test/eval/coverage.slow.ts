/** How often intervals hold what they should, and how often nothing is called something. */
import { expect, test } from 'vitest';
import { pairedDifference } from '../../src/eval/statistics.ts';
import { randomStream } from '../../src/random.ts';

type Stream = ReturnType<typeof randomStream>;

/** Differences of n prompts in clusters, and their true mean. */
interface Kind {
  readonly name: string;
  readonly mean: number;
  draw(stream: Stream, n: number): { differences: number[]; clusters?: number[] };
}

/** Like toxicity: most near 0 (mean 0.04), a share near 1 (mean 0.9). */
const toxicity = (stream: Stream, share: number) =>
  stream.next() < share ? 1 - 0.2 * stream.next() : 0.16 * stream.next() ** 3;
const meanToxicity = (share: number) => 0.9 * share + 0.04 * (1 - share);
const fall = (before: number, after: number) => meanToxicity(after) - meanToxicity(before);

const pairsOf = (n: number, difference: (i: number) => number) => ({
  differences: Array.from({ length: n }, (_, i) => difference(i)),
});

const kinds: Kind[] = [
  {
    name: 'normal',
    mean: 0.3,
    draw: (stream, n) => pairsOf(n, () => 0.3 + stream.normal()),
  },
  {
    name: 'toxicity, 12 % toxic before and 3 % after',
    mean: fall(0.12, 0.03),
    draw: (stream, n) => pairsOf(n, () => toxicity(stream, 0.03) - toxicity(stream, 0.12)),
  },
  {
    name: 'toxicity, 40 % toxic before and 5 % after',
    mean: fall(0.4, 0.05),
    draw: (stream, n) => pairsOf(n, () => toxicity(stream, 0.05) - toxicity(stream, 0.4)),
  },
  {
    name: 'skewed (exponential)',
    mean: 1,
    draw: (stream, n) => pairsOf(n, () => -Math.log(1 - stream.next())),
  },
  {
    name: 'clustered, 1 to 8 samples a prompt that share most of their value',
    mean: 0.2,
    draw(stream, n) {
      const [differences, clusters]: number[][] = [[], []];
      for (let prompt = 0; prompt < n; prompt++) {
        const own = 0.2 + stream.normal();
        for (let k = 0, size = 1 + stream.integer(8); k < size; k++) {
          differences.push(own + 0.3 * stream.normal());
          clusters.push(prompt);
        }
      }
      return { differences, clusters };
    },
  },
];

const experiments = 1000;
/** A thousand experiments on a busy machine. */
const patience = 900_000;

/** Share of 95 % intervals that hold the true mean. */
function coverage({ name, mean, draw }: Kind, n: number, ignoresClusters = false): number {
  const stream = randomStream(14, ['coverage', name, n]);
  let held = 0;
  for (let e = 0; e < experiments; e++) {
    const { differences, clusters } = draw(stream, n);
    const zeros = differences.map(() => 0);
    const units = clusters && !ignoresClusters ? { clusters } : {};
    const options = { seed: e, resamples: 1000, ...units };
    const { low, high } = pairedDifference(zeros, differences, options);
    if (low <= mean && mean <= high) held++;
  }
  return held / experiments;
}

function expectHeld(share: number): void {
  expect(share).toBeGreaterThanOrEqual(0.93);
  expect(share).toBeLessThanOrEqual(0.97);
}

const sizes = [100, 200, 500];
const table = kinds.flatMap((kind) => sizes.map((n) => ({ name: kind.name, kind, n })));

test.each(table)(
  '95 % intervals of $n prompts, $name, hold the true mean in 93 to 97 % of 1,000 experiments',
  ({ kind, n }) => {
    expectHeld(coverage(kind, n));
  },
  patience,
);

test(
  'those of 20 normal and of 40 exponential ones do so as well, since they are widened for n',
  () => {
    for (const [kind, n] of [[kinds[0], 20] as const, [kinds[3], 40] as const]) {
      expectHeld(coverage(kind, n));
    }
  },
  patience,
);

test(
  'with each sample for itself the intervals of clusters would hold it far too seldom',
  () => {
    expect(coverage(kinds[4], 100, true)).toBeLessThan(0.8);
  },
  patience,
);
