/** How fast engines are on a model's shape. I/O: answers are kept in the cache folder. */
import type { Engine, Session } from './engine.ts';
import { engineName, keptAnswer } from './kept-answers.ts';
import { startWorker } from './remote.ts';
import { withWeights } from './self-test.ts';
import { selfTestGraph, type TestSizes } from './self-test-graph.ts';
import type { WeightSource } from './weight-source.ts';

/** Seconds of the same work. */
export interface Speeds {
  readonly own: number;
  readonly trusted: number;
}

/** Rows of a step that decodes, and tokens of a minibatch. No length comes twice, as in a training. */
const lengths = {
  step: [16, 17, 18, 19, 20],
  minibatch: [512, 500, 488],
};
/** Steps for each minibatch, as in an iteration of the lab, where scoring counts as minibatches. */
const steps = 9;

/**
 * What a step and a minibatch take on a block of a model's width, of an engine and of ONNX Runtime: values and
 * gradients of the self-test's graph in other sizes. From the cache folder where it was measured before.
 * @param threads as the engine was opened with
 */
export async function speedsOf(engine: Engine, width: number, threads = 0): Promise<Speeds> {
  return keptAnswer<Speeds>({
    name: 'speed',
    subject: { engine: engineName(engine), precision: engine.precision, width, threads },
    isWhole: ({ own, trusted }) => Number.isFinite(own) && Number.isFinite(trusted),
    async ask() {
      const other = await startWorker({ engine: 'onnxruntime', threads });
      try {
        return await withWeights(selfTestGraph(sizesOf(width)), (_, weights) =>
          compared({ own: engine, trusted: other }, { width, weights }),
        );
      } finally {
        await other.close();
      }
    },
  });
}

type Side = keyof Speeds;

/** In turn, and the least of each: what else the machine has to do meets both of them. */
async function compared(
  engines: Readonly<Record<Side, Engine>>,
  { width, weights }: { width: number; weights: WeightSource },
): Promise<Speeds> {
  const sides = Object.keys(engines) as Side[];
  const total = { own: 0, trusted: 0 };
  for (const part of ['step', 'minibatch'] as const) {
    const { graph, feeds } = selfTestGraph(sizesOf(width));
    if (part === 'step') {
      for (const name of graph.outputs.keys()) if (name !== 'logits') graph.outputs.delete(name);
    }
    const least = { own: Infinity, trusted: Infinity };
    const sessions = new Map<Side, Session>();
    for (const side of sides) {
      sessions.set(side, await engines[side].compile(graph, { name: 'speed', weights }));
    }
    for (const [i, count] of lengths[part].entries()) {
      for (const [side, session] of sessions) {
        const all = Object.entries(feeds(count));
        const own = all.filter(([name]) => session.inputs.includes(name));
        const start = performance.now();
        await session.run(Object.fromEntries(own));
        const seconds = (performance.now() - start) / 1000;
        if (i > 0) least[side] = Math.min(least[side], seconds); // the first finds nothing prepared
      }
    }
    for (const [side, session] of sessions) {
      await session.close();
      total[side] += (part === 'step' ? steps : 1) * least[side];
    }
  }
  return total;
}

/** A block as T5 has them. */
function sizesOf(width: number): TestSizes {
  const size = [64, 48, 32, 16, 8, 4, 2].find((each) => width % each === 0) ?? 1;
  const inner = Math.round(width / 3) * 8;
  return { width, heads: width / size, inner, vocabulary: 2048, rank: 32, blocks: 1 };
}
