/** What somebody who reads PPO finds: the papers, and what TRL does otherwise in a room of its own. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { algorithms } from '../../src/rl/algorithms.ts';
import { plain } from '../../src/rl/places.ts';
import { type Correction, correctionNames } from '../../src/rl/trl/corrections.ts';
import { placesOf } from '../../src/rl/trl/places.ts';

const folder = fileURLToPath(new URL('../../src/rl/', import.meta.url));
/** Of the settings: they tell those who know TRL what is another number here. */
const forUsers = ['fields.ts'];

test('no file of rl/ has a word about TRL, but where its ways are put in and settings are described', async () => {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ts'));
  const texts = names
    .filter((name) => !forUsers.includes(name))
    .map(async (name) => {
      const text = await readFile(`${folder}${name}`, 'utf8');
      return { name, lines: text.split('\n').filter((line) => !/^import .*\.\/trl\//.test(line)) };
    });
  const said = (await Promise.all(texts)).flatMap(({ name, lines }) =>
    lines.filter((line) => /\bTRL\b/.test(line)).map((line) => `${name}: ${line.trim()}`),
  );
  expect(said).toEqual([]);
});

test('without a correction left out, every place is the plain one', () => {
  expect(placesOf({ compat: 'none', without: [] })).toEqual(plain);
});

/** Of the reward, which is made before there are places. */
const ofTheReward = ['rewardsByLabel', 'stripsSpecialTokens'];

test.each(correctionNames.filter((name) => !ofTheReward.includes(name)))(
  '%s has a place, and no other correction has it',
  (name) => {
    const ways = (without: readonly (typeof name)[]) => {
      const places = placesOf({ compat: 'none', without });
      return Object.keys(plain).filter(
        (place) => places[place as keyof typeof plain] !== plain[place as keyof typeof plain],
      );
    };
    const own = ways([name]).filter((place) => place !== 'keepsSampled'); // which two of them end
    expect(own.length).toBeGreaterThan(0);
    const others = ways(correctionNames.filter((other) => other !== name));
    expect(own.filter((place) => others.includes(place))).toEqual([]);
  },
);

test('with `compat` every place but the start is as with all corrections left out', () => {
  const all = placesOf({ compat: 'none', without: correctionNames });
  expect(placesOf({ compat: 'trl-0.8.0', without: [] })).toEqual({ ...all, checksStart: false });
});

test('an algorithm with a critic needs one response to a prompt, one without at least two', () => {
  for (const { critic, defaults } of Object.values(algorithms)) {
    expect(defaults.numGenerations >= (critic ? 1 : 2)).toBe(true);
    expect(defaults.advantageScale === undefined).toBe(critic);
  }
});

test('what was sampled is kept and the start is checked, unless a way put in says otherwise', () => {
  expect(plain).toMatchObject({ keepsSampled: true, checksStart: true });
  const keeps = (name: Correction) => placesOf({ compat: 'none', without: [name] }).keepsSampled;
  expect(correctionNames.filter((name) => !keeps(name))).toEqual([
    'keepsDecoderStart',
    'samplesWithoutDropout',
  ]);
  const warm = GenerationConfig.parse({ temperature: 0.5 });
  const { temperature } = placesOf({ compat: 'none', without: ['scoresAtTemperature'] });
  expect([plain.temperature(warm), temperature(warm)]).toEqual([0.5, 1]);
  const { estimate } = algorithms.rloo;
  expect(plain.estimate(estimate)).toBe(estimate);
});
