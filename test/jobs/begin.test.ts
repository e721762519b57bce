import { expect, test } from 'vitest';
import { unchanged } from '../../src/jobs/begin.ts';
import { DetoxConfig } from '../../src/jobs/detox/config.ts';
import { detoxKind } from '../../src/jobs/detox/detox.ts';
import { presets } from '../../src/jobs/presets.ts';

const settings = (promptTemplate: string) => DetoxConfig.parse({ ...presets.demo, promptTemplate });

test('a prompt module may lie elsewhere when a run goes on, as every file may; a text stays', () => {
  const go = (then: string, now: string) => unchanged(detoxKind, settings(then), settings(now));
  expect(go('./p.ts', './inner/p.ts').promptTemplate).toBe('./inner/p.ts');
  expect(() => go('A {dialogue}', 'B {dialogue}')).toThrow(
    'promptTemplate: expected "A {dialogue}"',
  );
  expect(() => go('A {dialogue}', './p.ts')).toThrow('with which the run began, got "./p.ts"');
});
