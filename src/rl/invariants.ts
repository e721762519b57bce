/** What must hold in every run, and stops it where it does not. */
import { ConfigError, NumericError, TactfulError } from '../errors.ts';
import type { Tensors } from '../tensor.ts';
import type { RlConfig } from './config.ts';
import type { Rows } from './masked.ts';
import type { RlSample } from './sample.ts';

/** How far rounding alone may take them, in every precision: what is compared comes from graphs that round alike. */
const most = { kl: 1e-3, ratio: 1e-3 };

/** Before the first update policy and reference are the same, so their KL can only be rounding. */
export function checkStart(klDist: readonly number[]): void {
  const kl = klDist.reduce((sum, x) => sum + Math.abs(x), 0) / klDist.length;
  if (kl < most.kl) return;
  const problem = `invariant: expected KL < ${most.kl.toExponential()} before the first update, got ${kl}.`;
  throw new TactfulError('INVARIANT', `${problem} The reference is not the starting policy.`);
}

/** And the graph that learns must agree with the one that scored the rollouts. */
export function checkRatio(ratio: number): void {
  if (Math.abs(ratio - 1) < most.ratio) return;
  const problem = `invariant: expected ratio 1 before the first update, got ${ratio}.`;
  throw new TactfulError('INVARIANT', `${problem} The policy scores one response in two ways.`);
}

/** Where a number was made, for an error that says so. */
export interface Place {
  /** Counted from 1. */
  readonly step: number;
  readonly samples: readonly RlSample[];
  /** Where in the batch the samples are. @default in their order from 0 */
  readonly places?: readonly number[];
}

/**
 * A batch is as large as it was said to be, and its scores are numbers.
 * @throws {ConfigError} when it is of another size
 * @throws {NumericError} naming the first score that is not finite, with the sample in its details
 */
export function checkBatch(
  scores: readonly number[],
  { step, samples }: Place,
  { batchSize }: Pick<RlConfig, 'batchSize'>,
): void {
  if (samples.length !== batchSize || scores.length !== batchSize) {
    const actual = `${samples.length} samples and ${scores.length} scores`;
    throw new ConfigError('step', `batchSize = ${batchSize} samples and scores`, actual);
  }
  const sample = scores.findIndex((score) => !Number.isFinite(score));
  if (sample < 0) return;
  const details = { tensor: 'scores', step, sample, ...idsOf(samples[sample]) };
  const where = `step ${step}: score of sample ${sample}`;
  throw new NumericError(where, 'a finite number', `${scores[sample]}`, '', details);
}

/**
 * Every number of every row is finite.
 * @throws {NumericError} naming tensor, step, sample and token, with the sample in its details
 */
export function checkRows(tensor: string, rows: Rows, { step, samples, places }: Place): void {
  rows.forEach((row, i) => {
    const token = row.findIndex((x) => !Number.isFinite(x));
    if (token < 0) return;
    const sample = places?.[i] ?? i;
    const details = { tensor, step, sample, token, ...idsOf(samples[i]) };
    const where = `step ${step}: ${tensor} of sample ${sample}, token ${token}`;
    throw new NumericError(where, 'a finite number', `${row[token]}`, remedy, details);
  });
}

/** The query, and the response as far as it was generated. */
function idsOf({ sequence: { query, labels }, tokens }: RlSample) {
  return { query, response: labels.slice(0, tokens) };
}

/**
 * Every number of every tensor is finite.
 * @throws {NumericError} naming the tensor and the step
 */
export function checkTensors(kind: string, tensors: Tensors, step: number): void {
  for (const [name, { data }] of tensors) {
    let sum = 0; // NaN and infinity survive a sum of products with zero, as NaN
    for (let i = 0; i < data.length; i++) sum += (data as Float32Array)[i] * 0;
    if (sum === 0) continue;
    const where = `step ${step}: ${kind} of ${name}`;
    const details = { tensor: name, kind, step };
    throw new NumericError(where, 'finite numbers', 'NaN or infinity', remedy, details);
  }
}

const remedy = 'Lower `learningRate`, or set `maxGradNorm`.';
