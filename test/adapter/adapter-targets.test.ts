import { expect, test } from 'vitest';
import { type TargetFields, targetRules } from '../../src/adapter/adapter-targets.ts';
import { scoreGraph } from '../../src/model/policy-graphs.ts';
import { goldenJson } from '../golden.ts';
import { tinyT5 } from '../model/tiny.ts';

type Version = '0.14.0' | '0.21.2';
type Case = { settings: TargetFields } & Record<Version, string[]>;
const { cases } = await goldenJson<{ cases: Case[] }>('families', 'targets.json');
const linears = [...scoreGraph({ config: tinyT5, valueHead: false }).linears].sort();

test.each(cases.map((each) => [JSON.stringify(each.settings), each] as const))(
  '%s names the modules that PEFT 0.14.0 and 0.21.2 adapt',
  (_, { settings, ...expected }) => {
    const found = targetRules(settings, 'config').map((rule) => linears.filter(rule));
    expect(found[0]).toEqual(expected['0.21.2']);
    expect(found.at(-1)).toEqual(expected['0.14.0']);
  },
);

test('an expression that is not read here names nothing', () => {
  expect(targetRules({ target_modules: '(?<!encoder).*q' }, 'config')).toEqual([]);
});
