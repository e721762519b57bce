/** Does a number depend on its company, or on when it is asked for? */
import type { TokenScores } from '../model/policy.ts';
import { tiny } from '../report/text.ts';
import type { Tensor } from '../tensor.ts';
import { answerCount, drawer, type Exam } from './exam.ts';
import { ok, type Verdict, warning, wrong } from './finding.ts';
import { gradientOf } from './lesson.ts';

/** Sequences of different lengths that are put together. */
const together = 4;
/** Largest relative difference that float32 sums in another order make, and the largest to live with. */
const [rounding, bearable] = [1e-4, 1e-2];

/** Policy and classifier: alone and in a batch. */
export async function checkBatches(exam: Exam): Promise<Verdict[]> {
  const { policy, judge, temperature, rollouts } = exam;
  const sequences = spreadOut(
    exam.few.map(({ sequence }) => sequence),
    ({ query }) => query.length,
  );
  const joint = await policy.score(sequences, { temperature });
  const alone: TokenScores[] = [];
  for (const one of sequences) alone.push(...(await policy.score([one], { temperature })));
  const apart = (name: keyof TokenScores) =>
    Math.max(...joint.map((row, i) => difference(row[name], alone[i][name])));
  const ofPolicy = Math.max(apart('logprobs'), apart('values'));

  const texts = spreadOut(
    rollouts.map(({ text }) => text),
    (text) => text.length,
  );
  const rows = await judge.logits(texts);
  const single: Float32Array[] = [];
  for (const text of texts) single.push(...(await judge.logits([text])));
  const ofClassifier = Math.max(...rows.map((row, i) => difference(row, single[i])));
  return [
    batchVerdict("policy's logprobs and values", sequences.length, ofPolicy, 'policy'),
    batchVerdict("classifier's logits", texts.length, ofClassifier, 'classifier'),
  ];
}

function batchVerdict(what: string, n: number, off: number, part: string): Verdict {
  const says = `The ${what} of ${n} sequences together and one by one: ${tiny(off)} apart, relative.`;
  if (off <= rounding) return ok(says, { part });
  const remedy =
    'Padding must not change a result: use --device cpu, and report it with the model.';
  return off <= bearable ? warning(says, remedy, { part }) : wrong(says, remedy, { part });
}

/** Sampled ids: alone and in a batch. */
export async function checkGeneration(exam: Exam): Promise<Verdict> {
  const { policy, prompts, rollouts, rl } = exam;
  const places = prompts.map((_, i) => i * answerCount);
  const chosen = spreadOut(places, (row) => rollouts[row].query.ids.length);
  let equal = 0;
  for (const row of chosen) {
    const { query, response } = rollouts[row];
    // the limit that the response was made under
    const limit = rollouts[row].truncated ? response.length : rl.generation.maxNewTokens;
    const draw = drawer(rl.seed, row, 1);
    const [alone] = await policy.generate([query.ids], rl.generation, draw, {
      maxNewTokens: [limit],
    });
    if (String(alone.response) === String(response)) equal++;
  }
  const says = `${equal} of ${chosen.length} responses come out the same when they are sampled alone.`;
  if (equal === chosen.length) return ok(says);
  const remedy =
    'One may differ where a random number met a border; more are a fault of the engine: use --device cpu, and report it.';
  return equal >= chosen.length - 1 ? warning(says, remedy) : wrong(says, remedy);
}

/** The same call twice. */
export async function checkDeterminism(exam: Exam): Promise<Verdict> {
  const { policy, temperature, few, rl, judge, rollouts } = exam;
  const { lesson, result } = await exam.lesson();
  const sequences = few.slice(0, together).map(({ sequence }) => sequence);
  const score = async () => policy.score(sequences, { temperature });
  const ids = rollouts.slice(0, together).map(({ query }) => query.ids);
  const draw = drawer(rl.seed, 0, ids.length);
  const sample = async () => policy.generate(ids, rl.generation, draw);
  const texts = rollouts.slice(0, together).map(({ text }) => text);
  const again = await gradientOf(exam, lesson);
  const different = [
    ...(same(await score(), await score()) ? [] : ['scores']),
    ...(sameTensors(result.gradients, again.gradients) ? [] : ['gradients']),
    ...(same(await sample(), await sample()) ? [] : ['samples']),
    ...(same(await judge.logits(texts), await judge.logits(texts)) ? [] : ["classifier's logits"]),
  ];
  if (different.length === 0) {
    return ok('The same call twice gives the same bits: scores, gradients, samples, classifier.');
  }
  const remedy =
    'A run cannot be repeated to the bit like this: use --device cpu with a fixed --threads.';
  return warning(`The same call twice differs in ${different.join(', ')}.`, remedy);
}

/** Everything that was computed on the way. */
export async function checkFinite(exam: Exam): Promise<Verdict> {
  const passes = await exam.passes();
  const { result } = await exam.lesson();
  const numbers: Readonly<Record<string, readonly ArrayLike<number>[]>> = {
    logprobs: passes.logprobs,
    'logprobs of the reference': passes.refLogprobs,
    values: passes.values,
    loss: [[result.loss]],
    gradients: [...result.gradients.values()].map(({ data }) => data),
    rewards: [exam.scores],
    toxicities: [exam.judgements.map(({ toxicity }) => toxicity)],
  };
  const bad = Object.entries(numbers).filter(([, rows]) => !rows.every(allFinite));
  const count = Object.values(numbers)
    .flat()
    .reduce((sum, row) => sum + row.length, 0);
  if (bad.length === 0)
    return ok(`All ${count.toLocaleString('en-US')} numbers on the way are finite.`);
  const names = bad.map(([name]) => name).join(', ');
  const remedy =
    'The weights or their dtype cannot hold this model: check the base model and the adapter.';
  return wrong(`Not finite: ${names}.`, remedy);
}

function allFinite(row: ArrayLike<number>): boolean {
  return Array.from(row).every(Number.isFinite);
}

/** The shortest, the longest and those between, evenly. */
function spreadOut<T>(items: readonly T[], size: (item: T) => number): T[] {
  const sorted = [...items].sort((a, b) => size(a) - size(b));
  if (sorted.length <= together) return sorted;
  const stride = (sorted.length - 1) / (together - 1);
  return Array.from({ length: together }, (_, i) => sorted[Math.round(i * stride)]);
}

/** Largest |a - b| / max(1, |b|). */
function difference(a: Float32Array, b: Float32Array): number {
  return a.reduce(
    (most, x, i) => Math.max(most, Math.abs(x - b[i]) / Math.max(1, Math.abs(b[i]))),
    0,
  );
}

/** Plain values and typed arrays with the same bits. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, bits) === JSON.stringify(b, bits);
}

function bits(_: string, value: unknown): unknown {
  return value instanceof Float32Array ? [...new Uint32Array(value.slice().buffer)] : value;
}

type Gradients = ReadonlyMap<string, Tensor<'float32'>>;

function sameTensors(a: Gradients, b: Gradients): boolean {
  return [...a].every(([name, { data }]) => {
    const other = b.get(name)!.data;
    return data.every((x, i) => Object.is(x, other[i]));
  });
}
