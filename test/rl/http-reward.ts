import { type Reward, weightedRewards } from '../../src/index.ts';

/** Scores of a service of your own, which gets `{ pairs }` and answers `{ scores }`. */
function httpReward(url: string): Reward {
  return async (rollouts, signal) => {
    const pairs = rollouts.map(({ query, text }) => ({ prompt: query.text, response: text }));
    const start = performance.now();
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ pairs }),
      signal: signal ?? null, // Ctrl-C ends the request, and the run after its last whole step
    });
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`);
    const { scores } = (await answer.json()) as { scores: number[] };
    return { scores, metrics: { 'env/service_seconds': (performance.now() - start) / 1000 } };
  };
}

/** What the service says, and a tenth of a point less for each word. */
export const kindAndShort = (url: string) =>
  weightedRewards({
    kind: { reward: httpReward(url), weight: 1 },
    words: {
      reward: async (rollouts) => rollouts.map(({ text }) => text.split(/\s+/).length),
      weight: -0.1,
    },
  });
