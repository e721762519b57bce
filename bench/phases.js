/** Phases in the order of a table; others come under the name of their graph. */
const order = [
  'encode',
  'decode',
  'sampling',
  'reward',
  'reference',
  'rescoring',
  'train',
  'optimiser',
];

/** Phases by the first words of graphs' names. */
const named = {
  select: 'decode',
  score: 'rescoring',
  logits: 'rescoring',
  classifier: 'reward',
  gradient: 'train',
};

/**
 * What the seconds of an iteration were spent on, by phase. Between two decoding runs tokens are
 * sampled; from a gradient to the parameters' arrival at the engine the optimiser works (checks,
 * clipping, Adam, commit). What the log does not explain is `rest`.
 * @param log entries with `flops`, in their order
 * @param states ids of the policy's and the reference's parameters
 */
export function phasesOf(log, seconds, { policy, reference }) {
  const phases = new Map(order.map((name) => [name, { seconds: 0, flops: 0, runs: 0 }]));
  const add = (name, milliseconds, flops = 0, runs = 0) => {
    const phase = phases.get(name) ?? { seconds: 0, flops: 0, runs: 0 };
    phases.set(name, {
      seconds: phase.seconds + milliseconds / 1000,
      flops: phase.flops + flops,
      runs: phase.runs + runs,
    });
  };
  log.forEach((entry, i) => {
    const before = log[i - 1];
    if (entry.job) {
      const phase = phaseOf(entry, reference);
      add(phase, entry.end - entry.start, entry.flops, 1);
      const steps = phase === 'decode' && before && phaseOf(before, reference) === 'decode';
      if (steps) add('sampling', entry.start - before.end);
    } else if (entry.states.includes(policy)) {
      add('optimiser', entry.end - (before ?? entry).end);
    }
  });
  const told = [...phases.values()].reduce((sum, phase) => sum + phase.seconds, 0);
  add('rest', 1000 * (seconds - told));
  return phases;
}

function phaseOf({ name, states }, reference) {
  const [word] = name.split(/[ ,]/);
  const phase = named[word] ?? word;
  const scores = phase === 'rescoring' || phase === 'encode';
  return scores && states.includes(reference) ? 'reference' : phase;
}
