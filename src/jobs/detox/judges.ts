import type { Note } from '../../events.ts';
import { loadClassifier } from '../../model/load.ts';
import { classifierJudge, type Judge, type JudgeModel } from '../../rl/judge.ts';
import { judgeNotes, judgeWords } from '../../rl/judge-notes.ts';
import type { Engine } from '../../runtime/engine.ts';
import { loadTokenizer } from '../../tokenizer/tokenizer.ts';
import type { DetoxConfig } from './config.ts';
import { readBy } from './reward.ts';
import type { Closable } from './setup.ts';

/** Who judges a run. */
export interface Judges {
  readonly judge: Judge;
  readonly rewardModel: JudgeModel;
  /** Missing where the reward model measures the toxicity as well. */
  readonly toxicityModel: JudgeModel | undefined;
  /** What was found in the models' files. */
  readonly notes: readonly Note[];
  /** Of which outputs the numbers are made. */
  readonly words: ReturnType<typeof judgeWords>;
  /** What the reader of the numbers must know of how they are made. */
  readonly told: readonly Note[];
}

/** Whether toxicity is a regression's numbers, and no probability. */
export function givesNumbers({ rewardModel, toxicityModel }: Omit<Judges, 'judge'>): boolean {
  return (toxicityModel ?? rewardModel).classifier.config.head === 'regression';
}

/** The classifiers of a run. What is to be closed goes to `opened`. */
export async function loadJudges(
  config: DetoxConfig,
  engine: Engine,
  opened: Closable[],
): Promise<Judges> {
  const load = async (folder: string): Promise<JudgeModel> => {
    const classifier = await loadClassifier(engine, folder);
    opened.push(classifier);
    return { classifier, tokenizer: await loadTokenizer(folder) };
  };
  const rewardModel = await load(config.rewardModel);
  const toxicityModel =
    config.toxicityModel === undefined ? undefined : await load(config.toxicityModel);
  const models = [rewardModel, ...(toxicityModel ? [toxicityModel] : [])];
  const configs = {
    rewardModel: rewardModel.classifier.config,
    toxicityModel: toxicityModel?.classifier.config,
  };
  return {
    judge: classifierJudge({ ...config, ...rewardModel, toxicity: toxicityModel }),
    rewardModel,
    toxicityModel,
    notes: models.flatMap(({ classifier }) => classifier.notes),
    words: judgeWords(config, configs),
    told: judgeNotes({ ...config, scoreOn: readBy(config) }, configs),
  };
}
