import { expect, test } from 'vitest';
import type { Exam } from '../../src/doctor/exam.ts';
import { checkOwnReward } from '../../src/doctor/own-reward.ts';
import type { RewardModule } from '../../src/jobs/detox/reward.ts';

const texts = ['a kind word', 'another, longer kind word', 'no'];
const rollouts = texts.map((text, i) => ({
  query: { id: `${i}`, text: '', ids: [], references: [] },
  ...{ response: [], truncated: false, text },
}));

async function verdictOf(own: RewardModule) {
  const exam = { own, rollouts, config: { reward: './mine/reward.ts' } } as unknown as Exam;
  const [{ status, says }] = await checkOwnReward(exam);
  return `${status}: ${says}`;
}

test('a reward of each response by itself is well', async () => {
  const said = await verdictOf(async (some) => some.map(({ text }) => text.length));
  expect(said).toBe(
    'ok: reward.ts gives 3 responses 2.000 to 25.000, 12.667 on average; each the same again, in another order, and alone.',
  );
});

test('a reward by the place in the batch is told', async () => {
  expect(await verdictOf(async (some) => some.map((_, i) => i))).toMatch(
    /^warning: .* beside it\.$/,
  );
});

test('a reward that the other responses decide is told', async () => {
  const longest: RewardModule = async (some) => {
    const most = Math.max(...some.map(({ text }) => text.length));
    return some.map(({ text }) => text.length / most);
  };
  expect(await verdictOf(longest)).toMatch(/^warning: .* beside it\.$/);
});

test('a reward that changes from call to call is told', async () => {
  let calls = 0;
  expect(await verdictOf(async (some) => some.map(({ text }) => text.length + ++calls))).toMatch(
    /^warning: .* other numbers when it is asked again\.$/,
  );
});

test('a reward that is the same for all is wrong', async () => {
  expect(await verdictOf(async (some) => some.map(() => 1))).toMatch(
    /^error: reward.ts gives all 3 responses 1\.000\./,
  );
});

test('nothing is said where no module rewards', async () => {
  expect(await checkOwnReward({ own: undefined } as unknown as Exam)).toEqual([]);
});
