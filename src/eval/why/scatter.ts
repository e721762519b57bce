/** Gain in reward against loss in ROUGE, prompt by prompt. Pure. */
import type { Quadrant, Scatter, ScatterPoint } from '../../explanation.ts';
import { pairedDifference } from '../statistics.ts';
import { type Case, leastChange, sidesOf } from './cases.ts';
import { rankCorrelation } from './ranks.ts';

/**
 * Each prompt's change of reward and of ROUGE-1, and in which quadrant that lies. A change of less than
 * a twentieth of the standard deviation before training is none.
 * @returns undefined where no prompt has a ROUGE on both sides
 */
export function scatter(cases: readonly Case[], seed: number): Scatter | undefined {
  const read = cases.filter(({ before, after }) =>
    [...before, ...after].every(({ sample }) => sample.rouge1 !== undefined),
  );
  if (read.length === 0) return undefined;
  const reward = sidesOf(read, ({ sample }) => sample.reward);
  const rouge1 = sidesOf(read, ({ sample }) => sample.rouge1!);
  const least = { reward: leastChange(reward), rouge1: leastChange(rouge1) };
  const points = read.map(({ before: [{ sample }] }, i): ScatterPoint => {
    const change = { reward: reward.changes[i], rouge1: rouge1.changes[i] };
    return { id: sample.id, ...change, quadrant: quadrantOf(change, least) };
  });
  const counts = Object.fromEntries(
    quadrants.map((name) => [name, points.filter(({ quadrant }) => quadrant === name).length]),
  ) as Scatter['counts'];
  const gained = points.flatMap(({ quadrant, rouge1 }) =>
    quadrant.startsWith('gained') ? [rouge1] : [],
  );
  return {
    points,
    counts,
    least,
    correlation: rankCorrelation(reward.changes, rouge1.changes),
    ...(gained.length > 0 && {
      ofGained: pairedDifference(
        gained.map(() => 0),
        gained,
        { seed },
      ),
    }),
  };
}

const quadrants: readonly Quadrant[] = [
  'gained and kept',
  'gained at a cost',
  'closer without gain',
  'lost',
  'unchanged',
];

type Change = Pick<ScatterPoint, 'reward' | 'rouge1'>;

/** Where the reward did not change, ROUGE decides between the lower two. */
function quadrantOf({ reward, rouge1 }: Change, least: Change): Quadrant {
  const [r, q] = [
    Math.abs(reward) <= least.reward ? 0 : reward,
    Math.abs(rouge1) <= least.rouge1 ? 0 : rouge1,
  ];
  if (r > 0) return q < 0 ? 'gained at a cost' : 'gained and kept';
  if (r === 0 && q === 0) return 'unchanged';
  return q > 0 ? 'closer without gain' : 'lost';
}
