/** Who judges: whether they have the labels that settings name, and what else there is to know of them. */

import { ConfigError } from '../errors.ts';
import { readModelConfig } from '../family/config.ts';
import { type ClassifierConfig, isPolicy } from '../family/families.ts';
import { isWordList, ownWords } from '../hub/sources.ts';
import type { DetoxConfig } from '../jobs/detox/config.ts';
import { type Judges, rewardOutputs, toxicOutputs, witnessOutputs } from '../rl/judge-labels.ts';
import { type Finding, ok, type Verdict } from './finding.ts';
import type { Intake } from './intake.ts';

/** What is wrong with the labels, and settings with which the other checks can go on. */
export interface AskedLabels {
  readonly findings: readonly Finding[];
  readonly config: DetoxConfig;
}

/** Looks the labels up in the configs of the models: a label that is not there ends no check-up. */
export async function askLabels(config: DetoxConfig): Promise<AskedLabels> {
  const judges = await judgesOf(config);
  if (!judges) return { findings: [], config };
  const findings = [
    ...refused('reward-label', () => rewardOutputs(config, judges)),
    ...refused('toxic-label', () => toxicOutputs(config, judges)),
  ];
  const others = await Promise.all((config.judge ?? []).map((path) => askWitness(path, config)));
  const all = [...findings, ...others.flat()];
  const judge = config.judge?.filter((_, i) => others[i].length === 0);
  const rest = { ...config, ...(judge && { judge }) };
  if (findings.length === 0) return { findings: all, config: rest };
  const { rewardModel, toxicityModel = rewardModel } = judges;
  const [rewardLabel, toxicLabel] = [`-${rewardModel.labels[0]}`, toxicityModel.labels[0]];
  return { findings: all, config: { ...rest, rewardLabel, toxicLabel } };
}

/** Of a judge that the training never sees, whether it has a label that is toxic. */
async function askWitness(path: string, config: DetoxConfig): Promise<Finding[]> {
  if (path === ownWords || path === 'none' || isWordList(path)) return [];
  const found = await readModelConfig(path);
  if (isPolicy(found)) return [];
  return refused('judge-label', () => witnessOutputs(config, found, path));
}

async function judgesOf({ rewardModel, toxicityModel }: DetoxConfig): Promise<Judges | undefined> {
  const read = async (folder: string): Promise<ClassifierConfig | undefined> => {
    const found = await readModelConfig(folder);
    return isPolicy(found) ? undefined : found; // the run says what is wrong with it
  };
  const paying = await read(rewardModel);
  const measuring = toxicityModel === undefined ? undefined : await read(toxicityModel);
  if (!paying || (toxicityModel !== undefined && !measuring)) return undefined;
  return { rewardModel: paying, toxicityModel: measuring };
}

function refused(check: string, find: () => unknown): Finding[] {
  try {
    find();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [{ check, status: 'error', says: error.message }];
  }
}

/** What the run says of its judges. */
export function checkJudges({ judges: { words, told, toxicityModel } }: Intake): Verdict[] {
  const measured = toxicityModel ? 'the toxicity model' : 'the same model';
  const others = Object.entries(words.witnesses ?? {}).map(([name, what]) => `${name}: ${what}`);
  const seen =
    others.length > 0 ? ` Judges that the training never sees: ${others.join('; ')}.` : '';
  const says = `The reward is the ${words.sum ?? `${words.reward} of the reward model`}, toxicity the ${words.toxicity} of ${measured}.${seen}`;
  const notes = told.map((note): Verdict => {
    return { status: note.remedy === undefined ? 'ok' : 'warning', ...note };
  });
  return notes.length > 0 ? notes : [ok(says)];
}
