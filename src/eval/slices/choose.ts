/** Which prompts are looked at by themselves. Pure. */
import type { Sample, Slice } from '../../comparison.ts';
import { meanOf, type PromptPairs } from './pairs.ts';

/** Some of the prompts, and what they have in common. */
export interface Chosen extends Pick<Slice, 'name' | 'by' | 'range'> {
  readonly prompts: readonly PromptPairs[];
}

/** Prompts below which a part chosen by a number is none: every interval would span everything. */
const fewest = 20;

/** `all`, each group by name, the top decile by a judge before training, thirds by length. */
export function chooseSlices(prompts: readonly PromptPairs[]): Chosen[] {
  return [
    { name: 'all', prompts },
    ...groups(prompts),
    ...topDecile(prompts),
    ...thirdsByLength(prompts),
  ];
}

function groups(prompts: readonly PromptPairs[]): Chosen[] {
  const names = new Set(prompts.flatMap(({ group }) => group ?? []));
  return [...names].sort().map((name) => {
    const members = prompts.filter(({ group }) => group === name);
    return { name, by: 'group', prompts: members };
  });
}

/**
 * The tenth of the prompts whose responses were the worst before training, by the first judge that
 * tells a tenth apart: those that the training never saw, then the reward model's toxicity. Ties
 * come in together. What was chosen by a measurement is less extreme when it is measured again
 * (regression to the mean), so this slice describes, and the verdict does not read it.
 */
function topDecile(prompts: readonly PromptPairs[]): Chosen[] {
  const size = Math.ceil(prompts.length / 10);
  if (size < fewest) return [];
  const names = Object.keys(prompts[0].before[0].judges ?? {});
  const judges = [
    ...names.map((name) => ({ of: name, value: ({ judges = {} }: Sample) => judges[name] })),
    { of: 'toxicity', value: ({ toxicity }: Sample) => toxicity },
  ];
  for (const { of, value } of judges) {
    const scores = prompts.map(({ before }) => meanOf(before, value) ?? Number.NEGATIVE_INFINITY);
    const from = [...scores].sort((a, b) => b - a)[size - 1];
    const members = prompts.filter((_, i) => scores[i] >= from);
    if (members.length > 2 * size) continue;
    const to = Math.max(...scores);
    return [{ name: 'top decile', by: 'judge', range: { of, from, to }, prompts: members }];
  }
  return [];
}

/** Three parts of about one size by the characters of the prompt; none where they cannot be told apart. */
function thirdsByLength(prompts: readonly PromptPairs[]): Chosen[] {
  const lengths = prompts.map(({ query }) => [...query].length);
  const sorted = [...lengths].sort((a, b) => a - b);
  const [first, second] = [1, 2].map((k) => sorted[Math.ceil((k * sorted.length) / 3) - 1]);
  const bounds = { short: [0, first], middle: [first, second], long: [second, Infinity] };
  const parts = Object.entries(bounds).map(([name, [above, to]]): Chosen => {
    const members = prompts.filter((_, i) => lengths[i] > above && lengths[i] <= to);
    const own = members.map(({ query }) => [...query].length);
    const range = { of: 'characters', from: Math.min(...own), to: Math.max(...own) };
    return { name, by: 'length', range, prompts: members };
  });
  return parts.every(({ prompts: { length } }) => length >= fewest) ? parts : [];
}
