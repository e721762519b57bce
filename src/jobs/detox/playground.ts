/** A text through both policies of a run: as it started, and as it ended. */
import { join } from 'node:path';
import { buildPrompts } from '../../data/prompt.ts';
import { exists } from '../../disk/atomic.ts';
import { logName } from '../../disk/result-folder.ts';
import { ConfigError } from '../../errors.ts';
import { evaluate } from '../../eval/evaluate.ts';
import { loadTokenizer } from '../../family/tokenizer.ts';
import { locateSources } from '../../hub/sources.ts';
import { loadPolicy } from '../../model/load.ts';
import { baseParameters } from '../../rl/reference.ts';
import type { Engine } from '../../runtime/engine.ts';
import { readEvents } from '../../store/event-log.ts';
import type { Closable } from '../kind.ts';
import { DetoxConfig, rlConfigOf } from './config.ts';
import { loadJudges } from './judges.ts';
import { measuredBy } from './measure.ts';
import { encodeCut } from './prompts.ts';

/** What one policy answers, and what the run's judges say of it. */
export interface Answer {
  readonly response: string;
  readonly toxicity: number;
  readonly reward: number;
}

/** Both policies of a run, ready to answer. */
export interface Playground extends Closable {
  /** @param text of a dialogue, around which the run's prompt is put */
  answer(
    text: string,
    options: { readonly seed?: number | undefined; readonly signal?: AbortSignal },
  ): Promise<{ readonly before: Answer; readonly after: Answer }>;
}

/**
 * Loads what a run of `detox` began with and what it has learnt, and its judges.
 * @throws {ConfigError} when it is no such run, or has no adapter yet
 * @throws as `locateSources`
 */
export async function openPlayground(
  folder: string,
  engine: Engine,
  signal?: AbortSignal,
): Promise<Playground> {
  const after = join(folder, 'adapter');
  const config = await settingsOf(folder, after);
  const { local } = await locateSources(modelsOf(config), { signal });
  const { model, adapter } = local;
  const judging = { ...config, ...local, judge: [] }; // those that the training never sees are not asked
  const opened: Closable[] = [];
  const close = async () => {
    for (const part of opened.reverse()) await part.close();
  };
  try {
    const judges = await loadJudges(judging, judging, engine, opened);
    const tokenizer = await loadTokenizer(model);
    const trained = await loadPolicy(engine, { model, adapter: after });
    opened.push(trained.policy);
    const first = adapter === undefined ? trained : await loadPolicy(engine, { model, adapter });
    if (first !== trained) opened.push(first.policy);
    const bare =
      first === trained
        ? await baseParameters(engine, trained.policy.parameters, trained.replaced)
        : first.policy.parameters;
    if (first === trained) opened.push(bare);
    const generation = measuredBy(config, rlConfigOf(config).generation);
    const asked = { tokenizer, judge: judges.measure };
    const sides = {
      before: { ...asked, policy: first.policy, parameters: bare },
      after: { ...asked, policy: trained.policy },
    };
    return {
      async answer(text, { seed = config.seed, signal: ended }) {
        const [query] = await buildPrompts([{ dialogue: text }], config.promptTemplate);
        const { rows } = await encodeCut(tokenizer, [query], config.maxQueryTokens);
        const prompt = { id: '', text: query, ids: rows[0], references: [], dialogue: text };
        const ofSide = async (side: 'before' | 'after'): Promise<Answer> => {
          const options = { generation, seed, signal: ended };
          const { value } = await evaluate(sides[side], [prompt], options).next();
          const { response, toxicity, reward } = value[0];
          return { response, toxicity, reward };
        };
        return { before: await ofSide('before'), after: await ofSide('after') };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Those of the settings that name models: no data is read. */
function modelsOf(config: DetoxConfig) {
  const { model, revision, adapter, adapterRevision } = config;
  const { rewardModel, rewardRevision, toxicityModel, toxicityRevision } = config;
  const policy = { model, revision, adapter, adapterRevision };
  return { ...policy, rewardModel, rewardRevision, toxicityModel, toxicityRevision };
}

async function settingsOf(folder: string, adapter: string): Promise<DetoxConfig> {
  const events = await readEvents(join(folder, logName));
  const started = events.find((event) => event.type === 'started');
  if (!started || (started.job ?? 'detox') !== 'detox')
    throw new ConfigError(folder, 'a run of detox', started?.job ?? 'none');
  if (!(await exists(join(adapter, 'adapter_config.json'))))
    throw new ConfigError(folder, 'a run that has learnt something', 'no adapter yet');
  return DetoxConfig.parse(started.config);
}
