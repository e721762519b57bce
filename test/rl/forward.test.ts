/** What stands between sampling and learning. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { forward } from '../../src/rl/forward.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { type TinyStart, tinySamples, tinyStart } from './tiny-policy.ts';

const events: string[] = [];
let engine: Engine;
let start: TinyStart;
beforeAll(async () => {
  engine = await testEngine();
  start = await tinyStart(withLargeCopies(engine));
});
afterAll(async () => {
  await start.close();
  await engine.close();
});

/** Whose sessions that decode have 300 MB of weights for themselves; tells runs and closes. */
function withLargeCopies(inner: Engine): Engine {
  return {
    ...inner,
    async compile(graph, options = {}) {
      const session = await inner.compile(graph, options);
      const [name] = (options.name ?? '').split(',');
      return {
        ...session,
        ownBytes: options.prepack ? 300e6 : 0,
        run(...args) {
          events.push(`run ${name}`);
          return session.run(...args);
        },
        close() {
          events.push(`close ${name}`);
          return session.close();
        },
      };
    },
  };
}

test('the copy of weights that decoding has goes before the scores of a reference, and comes again', async () => {
  const { policy, reference } = start;
  const config = GenerationConfig.parse({ maxNewTokens: 3 });
  const answers = () => policy.generate([[5, 6, 7, 1]], config, { seed: 1, key: ['test'] });
  const before = await answers();
  events.length = 0;
  const passes = await forward(tinySamples(2), {
    policy,
    reference,
    temperature: 1,
    config: { klPenalty: 'kl' },
  });
  expect(passes.refLogprobs.length).toBeGreaterThan(0);
  expect(events.indexOf('close decode')).toBe(0);
  expect(events).toContain('run score');
  expect(await answers()).toEqual(before);
});
