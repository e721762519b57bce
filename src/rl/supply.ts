import { collect, type RlParts } from './collect.ts';
import type { RlConfig } from './config.ts';
import type { Query, Rollout } from './rollout.ts';

/** Rollouts of one step after another. */
export interface Supply<Q extends Query> {
  /** How those of the next step are had; nothing behind the last one. */
  next(): (() => Promise<Rollout<Q>[]>) | undefined;
  /** Ends what is under way, and waits for it. */
  close(): Promise<void>;
}

/**
 * Rollouts of the steps from where the learner is, those of a step by the policy of `staleness` steps
 * before it, or the first one. Where sampling goes on elsewhere, those of coming steps are under way
 * as soon as the policy that samples them is there; else each is made when it is asked for.
 */
export function rolloutSupply<Q extends Query>(
  parts: RlParts<Q>,
  config: RlConfig,
  signal?: AbortSignal,
): Supply<Q> {
  const { policy, learner } = parts;
  const { staleness } = config;
  const ahead = policy.samplesElsewhere ? staleness : 0;
  const coming = parts.batches(learner.steps)[Symbol.iterator]();
  const queue: (() => Promise<Rollout<Q>[]>)[] = [];
  const begun = new Set<Promise<unknown>>();
  const ending = new AbortController();
  const either = AbortSignal.any([ending.signal, ...(signal ? [signal] : [])]);
  let asked = learner.steps;

  /** Rollouts of a step, by parameters that are read before it returns. */
  async function draw(queries: readonly Q[], step: number): Promise<Rollout<Q>[]> {
    const request = { queries, key: ['rollout', step], step };
    if (staleness === 0) return collect(parts, config, { ...request, signal, learns: true });
    const since = learner.steps - Math.max(0, step - staleness);
    const parameters = await policy.parameters.copy(learner.before(since));
    try {
      return await collect(parts, config, { ...request, parameters, signal: either });
    } finally {
      await parameters.close();
    }
  }

  /** Begins at once. */
  function begin(queries: readonly Q[], step: number): () => Promise<Rollout<Q>[]> {
    const drawing = draw(queries, step);
    const over = drawing.catch(() => undefined); // whoever asks for them is told
    begun.add(over);
    void over.then(() => begun.delete(over));
    return () => drawing;
  }

  return {
    next() {
      while (asked <= learner.steps + ahead) {
        const { value: queries, done } = coming.next();
        if (done) break;
        const step = asked++;
        const isNow = ahead === 0 || signal?.aborted;
        queue.push(isNow ? () => draw(queries, step) : begin(queries, step));
      }
      return queue.shift();
    },
    async close() {
      ending.abort();
      await Promise.all(begun);
    },
  };
}
