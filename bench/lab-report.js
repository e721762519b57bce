import { measure, medianOf } from './measure.js';

/**
 * What `lab-step` answers.
 * @param ours iterations: `seconds`, `peak` and `phases` (seconds, flops and runs by name)
 * @param theirs answers of the baseline, perhaps none
 * @param gemm GFLOP/s
 */
export function labReport({ ours, theirs, tokens, gemm, processPeak }) {
  const whole = measure('whole iteration', 's', secondsOf(ours));
  const others = othersOf(theirs);
  const ratio = (other) => ({
    minimum: other.minimum / whole.minimum,
    median: other.median / whole.median,
  });
  return {
    measures: [...phaseMeasures(ours), whole, ...others],
    rates: {
      'response tokens/s': bestAndMedian(secondsOf(ours).map((seconds) => tokens / seconds)),
      'GEMM, GFLOP/s': { best: gemm },
    },
    arithmetic: arithmeticOf(ours, gemm),
    ...(others.length > 0 && {
      ratios: Object.fromEntries(
        others.slice(-2).map((other) => [`${other.name} / ours`, ratio(other)]),
      ),
    }),
    memoryMb: {
      iteration: largest(ours.map(({ peak }) => peak)),
      'process, with loading': processPeak,
      ...(others.length > 0 && { baseline: largest(theirs.map(({ peakMb: rss }) => ({ rss }))) }),
    },
  };
}

/** Parts of the baseline, whole iterations last. */
function othersOf(theirs) {
  const runs = theirs.flatMap((answer) => answer.runs);
  return Object.keys(runs[0] ?? {}).map((name) =>
    measure(
      name,
      's',
      runs.map((run) => run[name]),
    ),
  );
}

/** Phases that happened, each in all iterations. */
function phasesIn(iterations) {
  const none = { seconds: 0, flops: 0, runs: 0 };
  const names = new Set(iterations.flatMap(({ phases }) => [...phases.keys()]));
  return [...names]
    .map((name) => [name, iterations.map(({ phases }) => phases.get(name) ?? none)])
    .filter(([, parts]) => parts.some(({ seconds }) => seconds !== 0));
}

function phaseMeasures(iterations) {
  return phasesIn(iterations).map(([name, parts]) => measure(name, 's', secondsOf(parts)));
}

/** Multiplications and additions of matrix products: how many, how fast, how near to a GEMM's. */
function arithmeticOf(iterations, gemm) {
  const row = (parts) => {
    const speed = bestAndMedian(parts.map(({ flops, seconds }) => flops / seconds / 1e9));
    return {
      runs: medianOf(parts.map(({ runs }) => runs)),
      GFLOP: medianOf(parts.map(({ flops }) => flops)) / 1e9,
      'GFLOP/s': speed.best,
      median: speed.median,
      '% of GEMM': (100 * speed.best) / gemm,
      'median %': (100 * speed.median) / gemm,
    };
  };
  const sum = (phases, key) => [...phases.values()].reduce((all, phase) => all + phase[key], 0);
  const whole = iterations.map(({ seconds, phases }) => ({
    seconds,
    flops: sum(phases, 'flops'),
    runs: sum(phases, 'runs'),
  }));
  const working = phasesIn(iterations).filter(([, parts]) => parts.some(({ flops }) => flops > 0));
  const rows = [...working, ['whole iteration', whole]];
  return Object.fromEntries(rows.map(([name, parts]) => [name, row(parts)]));
}

function secondsOf(parts) {
  return parts.map(({ seconds }) => seconds);
}

/** Of speeds: the largest is best. */
function bestAndMedian(numbers) {
  return { best: Math.max(...numbers), median: medianOf(numbers) };
}

/** The largest of each kind. */
function largest(peaks) {
  const kinds = Object.keys(peaks[0]);
  return Object.fromEntries(kinds.map((kind) => [kind, Math.max(...peaks.map((p) => p[kind]))]));
}
