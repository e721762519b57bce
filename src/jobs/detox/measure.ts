import { dataSources } from '../../data/dialogues.ts';
import { templateText } from '../../data/prompt.ts';
import { checkFingerprints, fingerprint, type Sources } from '../../disk/fingerprint.ts';
import { guarded, outputInstead } from '../../disk/words.ts';
import { evaluate, type Prompt } from '../../eval/evaluate.ts';
import { summarize } from '../../eval/statistics.ts';
import type { RunEvent, Sample } from '../../events.ts';
import type { DownloadProgress } from '../../hub/progress.ts';
import type { Located } from '../../hub/sources.ts';
import type { GenerationConfig } from '../../model/sampling.ts';
import { isToxic } from '../../model/toxic.ts';
import type { Engine } from '../../runtime/engine.ts';
import type { CheckpointRecord, Latest } from './checkpoint.ts';
import { checkUnchanged, type DetoxConfig } from './config.ts';
import { latestCheckpoint, type RunFiles, runFiles } from './files.ts';
import { rewardSources } from './reward.ts';
import type { Job } from './setup.ts';

/** Where a detox run computes and writes. */
export interface DetoxContext {
  readonly engine: Engine;
  /** Folder that gets adapters, checkpoints and samples; nothing is written without one. */
  readonly output?: string;
  readonly runId: string;
  readonly version: string;
  /**
   * Go on with the run in `output`: after its newest whole checkpoint, or from the beginning when it
   * has none. It ends as if it had never been stopped, to the last bit. @default false
   */
  readonly resume?: boolean;
  /** Ends the training before its next update; while it measures, an abort is thrown. */
  readonly signal?: AbortSignal;
  /** Is told how far downloads from the hub are. */
  readonly downloading?: (progress: DownloadProgress) => void;
}

/** A run that goes: what it works on, where it began, what it keeps. */
export interface Run extends Job {
  /** With the commits of what comes from the hub. */
  readonly config: DetoxConfig;
  readonly context: DetoxContext;
  readonly found: Latest;
  readonly files: RunFiles | undefined;
  /** SHA-256 of what it reads; empty when nothing is kept. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** Seconds that it has taken so far. */
  readonly seconds: () => number;
}

/**
 * The checkpoint to go on from.
 * @throws {ConfigError} when the run began with other settings, or with other files
 */
export async function resumable(
  { pinned, local }: Located<DetoxConfig>,
  { resume = false, output }: DetoxContext,
): Promise<Latest> {
  if (!resume || output === undefined) return { checkpoint: undefined, damaged: [] };
  const found = await latestCheckpoint(output);
  if (found.checkpoint) {
    const { config: then, fingerprints } = found.checkpoint.record;
    checkUnchanged(then, pinned);
    const sources = await sourcesOf(local);
    checkFingerprints(fingerprints, await fingerprint(sources), sources);
  }
  return found;
}

/** A job as a run that begins, or goes on from what was found. */
export async function openRun(
  job: Job,
  found: Latest,
  { pinned: config, local }: Located<DetoxConfig>,
  context: DetoxContext,
): Promise<Run> {
  const { output } = context;
  const start = performance.now();
  const { seconds = 0, fingerprints } = found.checkpoint?.record ?? {};
  const { keepCheckpoints: keep, valueHeadFile } = config;
  return {
    ...job,
    config,
    context,
    found,
    files:
      output === undefined
        ? undefined
        : guarded(
            runFiles(output, {
              lora: job.lora,
              keep,
              valueHeadFile,
              version: context.version,
              prompt: templateText(local.promptTemplate),
            }),
            { path: output, instead: outputInstead },
          ),
    fingerprints: fingerprints ?? (output ? await fingerprint(await sourcesOf(local)) : {}),
    seconds: () => seconds + (performance.now() - start) / 1000,
  };
}

/** What a run reads. */
async function sourcesOf(config: DetoxConfig): Promise<Sources> {
  const { model, adapter, rewardModel, toxicityModel, reward } = config;
  const modules = await rewardSources(reward);
  return { model, adapter, rewardModel, toxicityModel, ...modules, ...(await dataSources(config)) };
}

/** What a checkpoint says besides the learner's state. */
export function recordOf(
  { config, context, fingerprints, seconds }: Run,
  best: CheckpointRecord['best'],
): CheckpointRecord {
  const { version, engine } = context;
  return {
    version,
    engine: engine.description,
    config,
    fingerprints,
    seconds: seconds(),
    ...(best && { best }),
  };
}

/** Lets the policy answer prompts, the same way each time, and says how far it is. */
export async function* answers(
  { policy, tokenizer, judges, rl, config, learner }: Run,
  prompts: readonly Prompt[],
  phase: string,
  signal?: AbortSignal,
): AsyncGenerator<RunEvent, Sample[]> {
  const total = prompts.length;
  const samples: Sample[] = [];
  yield { type: 'progress', phase, done: 0, total };
  const parts = { policy, tokenizer, judge: judges.measure };
  const { seed } = config;
  const when = learner.steps === 0 ? 'before' : 'later';
  const dropout = (start: number) =>
    learner.places.dropout(policy.shape, seed, { key: ['evaluate', start], phase: when });
  const options = { generation: measuredBy(config, rl.generation), seed, signal, dropout };
  for await (const some of evaluate(parts, prompts, options)) {
    samples.push(...some);
    yield { type: 'progress', phase, done: samples.length, total };
  }
  return samples;
}

/** The sampler of the measurements: the training's, but for what is set for them alone. */
function measuredBy(config: DetoxConfig, generation: GenerationConfig): GenerationConfig {
  const { evaluationMaxNewTokens, evaluationMinLength, evaluationTopK } = config;
  return {
    ...generation,
    maxNewTokens: evaluationMaxNewTokens ?? generation.maxNewTokens,
    minLength: evaluationMinLength ?? generation.minLength,
    topK: evaluationTopK ?? generation.topK,
  };
}

/** What `evaluated` events tell of samples. */
export function measuresOf(samples: readonly Sample[]) {
  const rouge1 = samples.flatMap((sample) => sample.rouge1 ?? []);
  return {
    toxicity: summarize(samples.map(({ toxicity }) => toxicity)),
    flagged: summarize(samples.map(({ toxicity }) => Number(isToxic(toxicity)))),
    ...(rouge1.length > 0 && { rouge1: summarize(rouge1) }),
  };
}
