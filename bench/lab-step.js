import { runBaseline } from './baseline.js';
import { flopCounter } from './flops.js';
import { gemmRate } from './gemm.js';
import { labOn } from './lab.js';
import { labReport } from './lab-report.js';
import { peakMemory, watchMemory } from './measure.js';
import { phasesOf } from './phases.js';
import { timedEngine } from './timed-engine.js';
import { readWorkload, syntheticWorkload } from './workload.js';

/** One PPO iteration of the lab, by phases, beside a GEMM's speed and another program's time. */
export async function labStep(engine, { workload, reps, baseline }) {
  const work = workload === undefined ? syntheticWorkload() : await readWorkload(workload);
  const gemm = await gemmRate(engine);
  const lab = await loggedLab(engine, work, reps + 1);
  await lab.iterate(); // compiles, and does not count
  const [ours, theirs] = [[], []];
  for (let rep = 0; rep < reps; rep++) {
    await gemm.round();
    ours.push(await lab.iterate());
    if (baseline !== undefined) theirs.push(await runBaseline(baseline));
  }
  const processPeak = peakMemory();
  await lab.close();
  await gemm.close();
  const { t5, lora, ppo, responses } = work;
  const tokens = responses.reduce((sum, length) => sum + length, 0);
  const { layers, dModel } = t5;
  const sizes = { layers, dModel, loraRank: lora.rank, ...ppo, tokens };
  return {
    setting: { workload: workload ?? 'synthetic', ...sizes, baseline: baseline ?? 'none' },
    ...labReport({ ours, theirs, tokens, gemm: gemm.rate(), processPeak }),
  };
}

/** The lab's training; each iteration tells seconds, phases and peak memory. */
async function loggedLab(engine, work, iterations) {
  const timed = timedEngine(engine);
  const lab = await labOn(timed.engine, work, iterations);
  const count = flopCounter();
  const counted = () => timed.take().map((entry) => ({ ...entry, flops: count(entry) }));
  counted(); // the first shapes of the states
  return {
    async iterate() {
      const memory = watchMemory(10);
      const start = performance.now();
      await lab.iterate();
      const seconds = (performance.now() - start) / 1000;
      const peak = memory.peak();
      memory.stop();
      return { seconds, peak, phases: phasesOf(counted(), seconds, lab.states) };
    },
    close: lab.close,
  };
}
