/** I/O: keeps what a detox run learns from, step by step. */
import { createHash } from 'node:crypto';
import { guarded, outputInstead } from '../../disk/words.ts';
import type { SeenStep } from '../../rl/collect.ts';
import { responseIds, rolloutRows } from '../../rl/rollout-rows.ts';
import { rolloutWriter } from '../../store/rollout-writer.ts';
import { tokenTexts } from '../../tokenizer/token-texts.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { DetoxConfig } from './config.ts';

/** Keeps a step; undefined where nothing is kept. */
export function rolloutKeeper(
  output: string | undefined,
  tokenizer: Tokenizer,
  { keepRollouts }: Pick<DetoxConfig, 'keepRollouts'>,
): ((step: SeenStep) => Promise<void>) | undefined {
  if (output === undefined || keepRollouts === 0) return undefined;
  const place = { path: output, instead: outputInstead };
  const writer = guarded(rolloutWriter(output, keepRollouts), place);
  const textsOf = tokenTexts(tokenizer);
  return async (step) => {
    const texts = await textsOf(responseIds(step.learnt));
    const queries = step.rollouts.map(({ query }) => hashOf(query.text));
    const rows = rolloutRows(step, { queries, texts });
    const named = step.rollouts.map(({ query }, i) => [queries[i], query.text] as const);
    await writer.write(step.step, rows, new Map(named));
  };
}

/** A short name for a text: the first 16 digits of its SHA-256. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
