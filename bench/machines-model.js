/**
 * What an iteration takes on many workers: a model of few numbers, all of them measured. Seconds and bytes.
 * Pure.
 */

/**
 * One worker, FLAN-T5-base with LoRA of rank 32 on q and v, RoBERTa-base as its judge: one thread of an AMD
 * EPYC, ONNX Runtime 1.30 in float32; the phases of `npm run bench -- lab-step --threads 1`, and steps of
 * `npm run bench -- decode` with 1, 4 and 16 rows.
 */
export const base = {
  encode: 0.68, // a query
  step: 0.032, // a decoding step, however many rows
  row: 0.0067, // a decoding step, for each row
  score: 0.8, // a response by the reference
  reward: 0.47, // a text
  gradient: 1.59, // a row
  parameters: 3_540_000,
};

/** FLAN-T5-XL, 3B: so many times the multiplications, and its own LoRA of rank 32. */
export const large = { ...timesSlower(base, 11.5), reward: base.reward, parameters: 18_900_000 };

function timesSlower(costs, times) {
  return Object.fromEntries(Object.entries(costs).map(([name, value]) => [name, times * value]));
}

/** Between driver and workers: one Redis 7.0.15 and one driver, on the same machine as above. */
export const fabric = {
  job: 0.002, // seconds of a job beside its work
  bytesPerSecond: 5e8, // into Redis, and out of it
  perParameter: 8e-9, // seconds of the driver to read a gradient, to scale it and to add it
  update: 37e-9, // of the driver's optimizer
};

/** Rows of one run, as many as the lab's tokens fill (src/model/budgets.ts): 16 rows are scored in three. */
const together = { generate: 40, score: 6, reward: 7 };

/** The lab's iteration, and one with as many rows as a large crew needs. */
export const lab = { rows: 16, miniBatch: 4, accumulation: 1, epochs: 1, tokens: 67, longest: 107 };
export const wide = { ...lab, rows: 512, accumulation: 128 };
export const cut = { ...wide, rowsPerRun: 4 };

/** Seconds of one iteration, by what they are spent on. */
export function iteration(costs, work, workers) {
  const { rows, miniBatch, accumulation, epochs, tokens, longest, rowsPerRun = rows } = work;
  const { job, bytesPerSecond, perParameter, update } = fabric;
  const adapter = (4 * costs.parameters) / bytesPerSecond;
  // rows of the worker that has most of them: runs are given out whole
  const share = (most) => {
    const runs = Math.ceil(rows / Math.min(most, rowsPerRun));
    return Math.ceil(runs / workers) * Math.ceil(rows / runs);
  };
  const generations = Math.ceil(rows / Math.min(together.generate, rowsPerRun));
  const turns = Math.ceil(generations / workers);
  const steps = (epochs * rows) / (miniBatch * accumulation);
  const busy = Math.min(workers, accumulation);
  const arithmetic = Math.ceil(accumulation / workers) * (miniBatch * costs.gradient + job);
  // each gradient is written, read, and added in its order, while others are still computed
  const gathering = 2 * adapter + perParameter * costs.parameters;
  const step = Math.max(busy * adapter + arithmetic, accumulation * gathering);
  return {
    generate:
      job +
      Math.min(workers, generations) * adapter +
      share(together.generate) * (costs.encode + tokens * costs.row) +
      turns * longest * costs.step,
    score: 2 * job + share(together.score) * costs.score + share(together.reward) * costs.reward,
    learn: steps * (adapter + step + gathering + update * costs.parameters),
  };
}

/** Seconds of all parts together. */
export function secondsOf(costs, work, workers) {
  return Object.values(iteration(costs, work, workers)).reduce((sum, part) => sum + part, 0);
}

const sizes = { 'FLAN-T5-base': base, 'FLAN-T5-XL (3B)': large };
const works = {
  '16 rows, an optimizer step each 4': lab,
  '512 rows, one optimizer step': wide,
  'the same, 4 rows a run': cut,
};

/** What docs/scale.md has: rows of a Markdown table. */
export function modelTable(counts = [1, 8, 64, 256, 512]) {
  const head = [
    'model',
    'iteration',
    ...counts.map((count) => `${count} worker${count === 1 ? '' : 's'}`),
  ];
  const rows = Object.entries(sizes).flatMap(([model, costs]) =>
    Object.entries(works).map(([name, work]) => {
      const alone = secondsOf(costs, work, 1);
      const cells = counts.map((count) => {
        const seconds = secondsOf(costs, work, count);
        return count === 1
          ? told(seconds)
          : `${told(seconds)}, ${(alone / seconds).toFixed(1)} times`;
      });
      return [model, name, ...cells];
    }),
  );
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

function told(seconds) {
  return seconds < 100 ? `${seconds.toPrecision(2)} s` : `${Math.round(seconds / 60)} min`;
}
