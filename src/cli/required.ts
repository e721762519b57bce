/** What a comparison has to come to, for use in CI: another verdict ends with an exit code of its own. */
import { z } from 'zod';
import type { Verdict } from '../comparison.ts';
import { Unfulfilled } from './errors.ts';

/** The verdicts that fulfil each requirement. */
const fulfilling = {
  improved: ['improved'],
  'improved-at-a-cost': ['improved', 'improved at a cost'],
  'no-worse': ['improved', 'improved at a cost', 'no provable change'],
} as const satisfies Record<string, readonly Verdict[]>;
type Requirement = keyof typeof fulfilling;

/** The option of every command that ends in a verdict. */
export const requireOption = {
  require: z
    .enum(Object.keys(fulfilling) as [Requirement])
    .optional()
    .meta({ placeholder: 'verdict' })
    .describe(
      'End with exit code 3 unless the verdict is improved, improved-at-a-cost or better, or no-worse',
    ),
};

/**
 * @param verdict undefined where nothing was compared
 * @throws {Unfulfilled} when a verdict is required, and it is not that or a better one
 */
export function expectVerdict(verdict: Verdict | undefined, required: unknown): void {
  if (!isRequirement(required)) return;
  const enough: readonly Verdict[] = fulfilling[required];
  if (verdict === undefined || !enough.includes(verdict))
    throw new Unfulfilled(required, verdict ?? 'no verdict');
}

function isRequirement(value: unknown): value is Requirement {
  return typeof value === 'string' && Object.hasOwn(fulfilling, value);
}
