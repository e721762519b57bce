import { expect, test } from 'vitest';
import { checkRollouts } from '../../../src/doctor/plan.ts';
import { rolloutSizeOf } from '../../../src/jobs/detox/rollout-size.ts';
import { rolloutText } from '../../../src/jobs/detox/screen.ts';
import { RlConfig } from '../../../src/rl/config.ts';

const rl = RlConfig.parse({
  steps: 100,
  batchSize: 10,
  miniBatchSize: 5,
  generation: { maxNewTokens: 20 },
});
const train = [{ text: 'a'.repeat(1000) }, { text: 'a'.repeat(1000) }, { text: '한'.repeat(1000) }];

test('responses of full length, and each text of a prompt once', () => {
  const bytes = 1000 * (200 + 20 * 50) + 1000 + 3000;
  expect(rolloutSizeOf({ train, rl }, {})).toEqual({ bytes, steps: 100 });
});

test('what is kept of fewer steps takes less, and of none nothing', () => {
  const bytes = 1000 * 200 + 50 * 20 * 50 + 4000;
  expect(rolloutSizeOf({ train, rl }, { keepRollouts: 5 })).toEqual({ bytes, steps: 5 });
  expect(rolloutSizeOf({ train, rl }, { keepRollouts: 500 })?.steps).toBe(100);
  expect(rolloutSizeOf({ train, rl }, { keepRollouts: 0 })).toBeUndefined();
});

test('is told in words', () => {
  const size = { bytes: 12_300_000, steps: 5 };
  expect(rolloutText(size, 5)).toMatch(/^about .* at most, .* all steps$/);
  expect(rolloutText(size, 100)).toMatch(/each token of the last 5 steps$/);
});

test('the check-up warns where the disk has no room for it, with a number that fits', async () => {
  const verdict = (free: number, keepRollouts?: number) => {
    const config = { keepRollouts } as Parameters<typeof checkRollouts>[0]['config'];
    const rolloutSize = rolloutSizeOf({ train, rl }, { keepRollouts });
    return checkRollouts({ config, rl, rolloutSize }, async () => free);
  };
  expect(await verdict(2e6)).toMatchObject({ status: 'ok' });
  const { status, says, remedy = '' } = await verdict(5e5);
  expect([status, says]).toEqual(['warning', expect.stringMatching(/are free here\.$/)]);
  const fewer = Number(/--keep-rollouts (\d+)/.exec(remedy)?.[1]);
  expect(await verdict(5e5, fewer)).toMatchObject({ status: 'ok' });
  expect((await verdict(0, 0)).says).toBe('No rollouts are kept (--keep-rollouts 0).');
});
