/** What the settings promise: corrections left out, controllers that cannot move, too few samples. */

import { freeBytes } from '../disk/room.ts';
import { oneWay } from '../eval/anova.ts';
import { detectableDifference, pairsToDetect } from '../eval/power.ts';
import { givesNumbers } from '../jobs/detox/judges.ts';
import { rolloutText } from '../jobs/detox/screen.ts';
import { byteText, counted, fixed, grouped, list, percent } from '../report/text.ts';
import { moments } from '../rl/masked.ts';
import { type Correction, correctionNames, corrections } from '../rl/trl/corrections.ts';
import { isIdle } from '../rl/trl/idle.ts';
import { byPrompt, type Exam } from './exam.ts';
import { type Defect, ok, type Verdict, warning } from './finding.ts';
import type { Intake } from './intake.ts';

/** Prompts below which a comparison is an anecdote. */
const fewestSamples = 100;
/** Least relative movement of the KL coefficient that anyone would call adaptive. */
const leastMovement = 0.01;

/** When a correction that is left out shows in this run (default: where settings let it), and as which defect. */
const effects: {
  readonly [Name in Correction]?: { defect?: Defect; shows?(exam: Exam): boolean };
} = {
  scoresFirstToken: { defect: 'D9' },
  keepsDecoderStart: {
    defect: 'D9',
    shows: ({ rollouts }) => rollouts.some(({ truncated }) => truncated),
  },
  rewardsByLabel: { shows: () => false }, // reward-label has its numbers
  stripsSpecialTokens: { defect: 'D7' },
  scoresAtTemperature: { defect: 'D8' },
  shufflesByKey: { shows: () => false }, // another order, no worse
  samplesWithoutDropout: {
    defect: 'D4',
    shows: ({ policy: { shape } }) => shape.config.dropout > 0 || (shape.lora?.dropout ?? 0) > 0,
  },
};

/** One verdict for each correction of TRL 0.8.0 that is left out and shows. */
export function checkCorrections(exam: Exam): Verdict[] {
  const off = correctionNames.filter((name) => !exam.semantics[name]);
  if (off.length === 0)
    return [ok(`All ${correctionNames.length} corrections of TRL 0.8.0 are on.`)];
  const shown = off.filter((name) => effects[name]?.shows?.(exam) ?? !isIdle(name, exam.rl));
  const verdicts = shown.map((name) => {
    const says = `Left out: ${corrections[name]}.`;
    const more = { part: name, defect: effects[name]?.defect };
    return warning(says, `Leave out ${switchOf(exam, name)}.`, more);
  });
  const silent = off.filter((name) => !shown.includes(name) && name !== 'rewardsByLabel');
  if (silent.length === 0) return verdicts;
  return [...verdicts, ok(`Left out too, but without effect on these settings: ${list(silent)}.`)];
}

/** The flag that leaves a correction out. */
export function switchOf({ config }: Pick<Exam, 'config'>, name: Correction): string {
  return config.compat === 'none' ? `--without ${name}` : `--compat ${config.compat}`;
}

/** How far an adaptive KL coefficient can move over the run: D11. */
export function checkKlController({ rl }: Intake): Verdict {
  const { initKlCoef, adapKlCtrl, steps, batchSize, horizon } = rl;
  if (!adapKlCtrl || initKlCoef === 0) return ok(`The KL coefficient stays at ${initKlCoef}.`);
  // value *= 1 ± 0.2 · batch / horizon, at most, in each step
  const [low, high] = [-0.2, 0.2].map((error) => (1 + (error * batchSize) / horizon) ** steps);
  const says =
    `The adaptive KL coefficient can go from ${initKlCoef} to between ${(initKlCoef * low).toPrecision(3)} and ` +
    `${(initKlCoef * high).toPrecision(3)} in ${steps} steps of ${batchSize} responses (${percent(high - 1)} at most)`;
  if (high - 1 >= leastMovement) return ok(`${says}.`);
  const remedy = `Use --horizon ${Math.max(1, Math.round((steps * batchSize) / 2))} for up to a half more, or --no-adap-kl-ctrl.`;
  return warning(`${says}: it is fixed, in effect.`, remedy, { defect: 'D11' });
}

/** Checkpoints to go on from: D10. */
export function checkCheckpoints({ config }: Intake): Verdict {
  const { checkpointEvery: every, keepCheckpoints: kept, steps } = config;
  if (every > 0 && every <= steps) {
    return ok(`A checkpoint every ${counted(every, 'step')}; the last ${kept} are kept.`);
  }
  const says = `No checkpoint in ${counted(steps, 'step')} (--checkpoint-every ${every}): a run that dies has nothing to go on from.`;
  const remedy = `Use --checkpoint-every ${Math.max(1, Math.floor(steps / 10))}.`;
  return warning(says, remedy, { defect: 'D10' });
}

/** Room for what is kept of each step. */
export async function checkRollouts(
  { config, rolloutSize: size, rl }: Pick<Intake, 'config' | 'rolloutSize' | 'rl'>,
  free: () => Promise<number> = () => freeBytes('.'),
): Promise<Verdict> {
  if (!size) return ok('No rollouts are kept (--keep-rollouts 0).');
  const says = `The folder rollouts/ takes ${rolloutText(size, rl.steps)}`;
  const there = await free();
  if (size.bytes <= there) return ok(`${says}.`);
  const text = `${says}, and ${byteText(there)} are free here`;
  const fewer = Math.floor((config.keepRollouts ?? rl.steps) * (there / size.bytes / 2));
  return warning(`${text}.`, `Use --keep-rollouts ${fewer}, or run it on another disk.`);
}

/** What the comparison at the end could see: D3. */
export function checkEvaluation({ config, sizes, judgements, judges }: Exam): Verdict {
  const n = Math.min(config.samples, sizes.test);
  const toxicities = judgements.map(({ toxicity }) => toxicity);
  const { mean } = moments(toxicities);
  // responses to one prompt, before and after: each varies as the answers to a prompt do
  const variance = 2 * oneWay(byPrompt(toxicities)).within;
  const least = detectableDifference(variance, n);
  const isNumber = givesNumbers(judges);
  const told = isNumber
    ? { least: fixed(least, 3), mean: fixed(mean, 3) }
    : { least: `${fixed(100 * least, 1)} points`, mean: percent(mean) };
  const says =
    `${grouped(n)} held-out prompts show a change of mean toxicity by ${told.least} or more ` +
    `(80 % power); it is about ${told.mean} by ${judgements.length} responses`;
  // numbers that are no probabilities have no end of all toxicity
  const isEnough = isNumber || least < mean;
  if (n >= fewestSamples && isEnough) return ok(`${says}.`);
  const halving = mean > 0 && !isNumber ? pairsToDetect(variance, mean / 2) : fewestSamples;
  const wanted = Math.max(fewestSamples, halving);
  const remedy =
    wanted <= sizes.test
      ? `Use --samples ${wanted}${isNumber ? '' : ' to see a halving'}.`
      : `A halving takes ${grouped(wanted)} prompts and ${grouped(sizes.test)} are held out: use more data, more toxic data, or a larger --test-share.`;
  const verdict = isEnough
    ? 'few prompts prove little'
    : 'even the end of all toxicity would not show';
  return warning(`${says}: ${verdict}.`, remedy, { defect: n < fewestSamples ? 'D3' : undefined });
}
