/** The check-up before a run: what `detox` would start, looked at from all sides. */

import { TactfulError } from '../errors.ts';
import type { DownloadProgress } from '../hub/progress.ts';
import { locateSources } from '../hub/sources.ts';
import type { DetoxConfig } from '../jobs/detox/config.ts';
import { type Run, setUp } from '../jobs/detox/setup.ts';
import type { Closable } from '../jobs/kind.ts';
import type { Engine } from '../runtime/engine.ts';
import { checkTargets, checkValueHead, checkWeights } from './adapter.ts';
import type { Check, EarlyCheck } from './check.ts';
import { checkData } from './data.ts';
import { type Exam, examine } from './exam.ts';
import type { Finding, Verdict } from './finding.ts';
import { checkGradient } from './gradient.ts';
import { type Intake, intake } from './intake.ts';
import { askLabels, checkJudges } from './judges.ts';
import {
  checkClassifierLength,
  checkPromptLength,
  checkResponseLength,
  checkRouge,
  checkSentinels,
  checkUnknownTokens,
} from './lengths.ts';
import { checkMemory } from './memory.ts';
import { checkBatches, checkDeterminism, checkFinite, checkGeneration } from './numerics.ts';
import { checkOwnReward } from './own-reward.ts';
import {
  checkCheckpoints,
  checkCorrections,
  checkEvaluation,
  checkKlController,
  checkRollouts,
} from './plan.ts';
import { checkPromptShare, checkRewardLabel, checkToxicLabel } from './reward.ts';
import { checkWarpers } from './sampling.ts';
import { checkRatio, checkReference } from './start.ts';
import { checkStored } from './stored.ts';

/** Where a check-up computes. */
export interface DoctorContext {
  readonly engine: Engine;
  /** Checked between checks and while sampling; an abort is thrown. */
  readonly signal?: AbortSignal;
  /** Is told how far downloads from the hub are. */
  readonly downloading?: (progress: DownloadProgress) => void;
}

/** What a check-up tells while it goes on. */
export type DoctorEvent =
  | {
      readonly type: 'progress';
      readonly doing: string;
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: 'finding'; readonly finding: Finding };

/** Checks that need no responses. */
const early: readonly EarlyCheck[] = [
  { name: 'files', doing: 'reading files', find: checkStored },
  { name: 'data', doing: 'looking at the rows', find: checkData },
  { name: 'adapter', doing: 'counting modules', find: checkTargets },
  { name: 'adapter-weights', doing: 'reading the adapter', find: checkWeights },
  { name: 'value-head', doing: 'reading the value head', find: checkValueHead },
  { name: 'prompt-length', doing: 'measuring prompts', find: checkPromptLength },
  { name: 'unknown-tokens', doing: 'reading texts', find: checkUnknownTokens },
  { name: 'rouge', doing: 'reading texts', find: checkRouge },
  { name: 'memory', doing: 'adding up memory', find: checkMemory },
  { name: 'kl-controller', doing: 'reading settings', find: checkKlController },
  { name: 'checkpoints', doing: 'reading settings', find: checkCheckpoints },
  { name: 'rollouts', doing: 'looking at the disk', find: checkRollouts },
];

/** Says nothing where their labels are wrong: then nobody judges. */
const judges: EarlyCheck = { name: 'judges', doing: 'reading settings', find: checkJudges };

/** Checks of sampled responses. To add one is to add a line. */
const checks: readonly Check[] = [
  { name: 'reference', doing: 'comparing with the reference', find: checkReference },
  { name: 'ratio', doing: 'comparing scores with gradients', find: checkRatio },
  { name: 'reward-label', doing: 'judging known sentences', find: checkRewardLabel },
  { name: 'reward-module', doing: 'asking the reward', find: checkOwnReward },
  { name: 'toxic-label', doing: 'judging known sentences', find: checkToxicLabel },
  { name: 'prompt-share', doing: 'taking the reward apart', find: checkPromptShare },
  { name: 'warpers', doing: 'comparing sampler and scores', find: checkWarpers },
  { name: 'corrections', doing: 'reading settings', find: checkCorrections },
  { name: 'response-length', doing: 'measuring responses', find: checkResponseLength },
  { name: 'sentinels', doing: 'reading responses', find: checkSentinels },
  { name: 'classifier-length', doing: 'measuring responses', find: checkClassifierLength },
  { name: 'evaluation', doing: 'weighing the comparison', find: checkEvaluation },
  { name: 'batches', doing: 'scoring together and alone', find: checkBatches },
  { name: 'generation', doing: 'sampling alone', find: checkGeneration },
  { name: 'gradient', doing: 'differentiating', find: checkGradient },
  { name: 'determinism', doing: 'doing everything twice', find: checkDeterminism },
  { name: 'finite', doing: 'looking for NaN', find: checkFinite },
];

/**
 * Checks the run that `config` would start: a few minutes for a model of 250 million parameters,
 * seconds for the demo. Nothing is changed and nothing is written. A configuration that `detox`
 * refuses is refused in the same words; where a judge lacks a label, that is a finding, and responses
 * are not looked at.
 */
export async function* doctor(
  config: DetoxConfig,
  { engine, signal, downloading }: DoctorContext,
): AsyncGenerator<DoctorEvent> {
  const opened: Closable[] = [];
  try {
    yield progress('loading', 0);
    const settings = await locateSources(config, { signal, progress: downloading });
    const { findings, config: asked } = await askLabels(settings.local);
    for (const finding of findings) yield { type: 'finding', finding };
    const job = await setUp({ ...settings, local: asked }, engine, opened);
    yield* checkUp(config, job, { signal, judged: findings.length === 0 });
  } finally {
    for (const part of opened) await part.close();
  }
}

async function* checkUp(
  config: DetoxConfig,
  job: Run,
  { signal, judged }: { signal: AbortSignal | undefined; judged: boolean },
): AsyncGenerator<DoctorEvent> {
  const patient = intake(config, job);
  yield* findings(judged ? [...early, judges] : early, patient, { from: 0, signal });
  const exam = judged ? yield* responses(patient, signal) : undefined;
  if (exam) yield* findings(checks, exam, { from: before + 1, signal });
  yield progress('done', total);
}

/** Sampling counts as a check: it fails where a run would fail in its first step. */
const before = early.length + 1;
const total = before + 1 + checks.length;

function progress(doing: string, done: number): DoctorEvent {
  return { type: 'progress', doing, done, total };
}

async function* responses(
  patient: Intake,
  signal: AbortSignal | undefined,
): AsyncGenerator<DoctorEvent, Exam | undefined> {
  try {
    const sampling = examine(patient, signal);
    for (;;) {
      const { done, value } = await sampling.next();
      if (done) return value;
      yield progress(`sampling ${value.done}/${value.total} responses`, before);
    }
  } catch (error) {
    const verdict = failure(error);
    yield { type: 'finding', finding: { check: 'sampling', ...verdict } };
    return undefined;
  }
}

async function* findings<Subject>(
  table: readonly Check<Subject>[],
  subject: Subject,
  { from, signal }: { from: number; signal: AbortSignal | undefined },
): AsyncGenerator<DoctorEvent> {
  for (const [i, { name, doing, find }] of table.entries()) {
    signal?.throwIfAborted();
    yield progress(doing, from + i);
    for (const { part, ...verdict } of await verdictsOf(() => find(subject))) {
      const check = part === undefined ? name : `${name}.${part}`;
      yield { type: 'finding', finding: { check, ...verdict } };
    }
  }
}

async function verdictsOf(find: () => ReturnType<Check['find']>): Promise<readonly Verdict[]> {
  try {
    return [await find()].flat();
  } catch (error) {
    return [failure(error)];
  }
}

/** A run would fail with it, so it is a finding; what nobody throws on purpose is not. */
function failure(error: unknown): Verdict {
  if (!(error instanceof TactfulError)) throw error;
  return { status: 'error', says: error.message };
}
