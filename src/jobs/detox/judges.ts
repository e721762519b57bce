import { ConfigError } from '../../errors.ts';
import type { EvaluationParts, Prompt } from '../../eval/evaluate.ts';
import type { Note } from '../../events.ts';
import { loadTokenizer } from '../../family/tokenizer.ts';
import { loadClassifier } from '../../model/load.ts';
import { classifierJudge, type Judge, type JudgeModel } from '../../rl/judge.ts';
import { judgeNotes, judgeWords } from '../../rl/judge-notes.ts';
import type { Reward } from '../../rl/reward.ts';
import type { Engine } from '../../runtime/engine.ts';
import type { Closable } from '../kind.ts';
import type { DetoxConfig } from './config.ts';
import { detoxJudge, loadReward, readBy, rewardWords } from './reward.ts';
import { type LoadedWitness, loadWitnesses } from './witnesses.ts';

/** Who judges a run. */
export interface Judges {
  readonly judge: Judge;
  /** The module's reward, where the settings name one. */
  readonly own: Reward<Prompt> | undefined;
  /** What responses are measured by. */
  readonly measure: EvaluationParts['judge'];
  readonly rewardModel: JudgeModel;
  /** Missing where the reward model measures the toxicity as well. */
  readonly toxicityModel: JudgeModel | undefined;
  /** Those that the training never sees. */
  readonly witnesses: readonly LoadedWitness[];
  /** What was found in the models' files. */
  readonly notes: readonly Note[];
  /** Of which outputs the numbers are made. */
  readonly words: ReturnType<typeof judgeWords> & {
    /** The reward, where a module has a part in it. */
    readonly sum?: string;
    /** What those say that the training never sees, by their names. */
    readonly witnesses?: Readonly<Record<string, string>>;
  };
  /** What the reader of the numbers must know of how they are made. */
  readonly told: readonly Note[];
}

/** Whether toxicity is a regression's numbers, and no probability. */
export function givesNumbers({ rewardModel, toxicityModel }: Omit<Judges, 'judge'>): boolean {
  return (toxicityModel ?? rewardModel).classifier.config.head === 'regression';
}

/**
 * The judges of a run. What is to be closed goes to `opened`.
 * @param given the settings with names in place of paths
 */
export async function loadJudges(
  config: DetoxConfig,
  given: Pick<DetoxConfig, 'judge'>,
  engine: Engine,
  opened: Closable[],
): Promise<Judges> {
  checkPaid(config);
  const own = config.reward === undefined ? undefined : await loadReward(config.reward);
  const load = async (folder: string): Promise<JudgeModel> => {
    const classifier = await loadClassifier(engine, folder);
    opened.push(classifier);
    return { classifier, tokenizer: await loadTokenizer(folder) };
  };
  const rewardModel = await load(config.rewardModel);
  const toxicityModel =
    config.toxicityModel === undefined ? undefined : await load(config.toxicityModel);
  const witnesses = await loadWitnesses(config, given, engine, opened);
  const models = [rewardModel, ...(toxicityModel ? [toxicityModel] : [])];
  const configs = {
    rewardModel: rewardModel.classifier.config,
    toxicityModel: toxicityModel?.classifier.config,
  };
  const judge = classifierJudge({ ...config, ...rewardModel, toxicity: toxicityModel });
  const words = judgeWords(config, configs);
  const sum = rewardWords(words.reward, config);
  const told = judgeNotes({ ...config, scoreOn: readBy(config) }, configs);
  const adds = own && config.rewardModelWeight === 0 ? '; the reward model only measures' : '';
  return {
    judge,
    own,
    measure: detoxJudge({ judge, own }, config),
    rewardModel,
    toxicityModel,
    witnesses,
    notes: [...models.map(({ classifier }) => classifier), ...witnesses].flatMap(
      ({ notes }) => notes,
    ),
    words: {
      ...words,
      ...(sum !== undefined && { sum }),
      ...(witnesses.length > 0 && {
        witnesses: Object.fromEntries(witnesses.map(({ name, words }) => [name, words])),
      }),
    },
    told: sum === undefined ? told : [...told, { says: `The reward is ${sum}${adds}.` }],
  };
}

/** @throws {ConfigError} when nothing is rewarded */
function checkPaid({ rewardModelWeight, reward, rewardWeight, rougeWeight }: DetoxConfig): void {
  if (rewardModelWeight > 0 || rougeWeight > 0 || (reward !== undefined && rewardWeight !== 0))
    return;
  const remedy =
    reward === undefined
      ? 'Name a `reward` of your own. Or set `rougeWeight`.'
      : 'Set `rewardWeight`. Or set `rougeWeight`.';
  throw new ConfigError(
    '`rewardModelWeight`',
    'something else that rewards, with 0',
    'nothing',
    remedy,
  );
}
