import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adapterJson, loraConfigOf, targetRulesOf } from '../../src/adapter/adapter-config.ts';
import { refuseUnsupported, unknownSettings } from '../../src/adapter/adapter-settings.ts';
import { loraScale, strengthOf } from '../../src/adapter/lora-config.ts';
import { TactfulError } from '../../src/errors.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 1000);
const ranks = new Map([
  ['encoder.0.q', 2],
  ['decoder.0.q', 3],
]);
const plain = adapterJson(
  { rank: 2, alpha: 4, targetModules: ['q'], rsLora: false, dropout: 0, baseModel: '' },
  'SEQ_2_SEQ_LM',
);
const good = { ...plain, rank_pattern: { 'decoder.0.q': 3 } };

test('any config is read or refused, and what is read has the ranks of the file', () => {
  const words = ['exclude_modules', 'peft_version', 'use_x', '__proto__', 'enable_lora'];
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.dictionary(
      fc.oneof(fc.constantFrom('q', '0.q', 'decoder.0.q', '(q|.)*', 'd.+'), fc.string()),
      fc.oneof(fc.integer({ min: -1, max: 4 }), fc.double()),
      { maxKeys: 3 },
    ),
    fc.constantFrom('q', ['q'], null, 3, true),
  );
  const key = fc.constantFrom(...Object.keys(good), ...words);
  const changes = fc.dictionary(key, value, { maxKeys: 3 });
  const property = fc.property(changes, (fields) => {
    const json = JSON.parse(JSON.stringify({ ...good, ...fields }));
    try {
      refuseUnsupported(json, 'adapter_config.json');
      const config = loraConfigOf(json, ranks, 'adapter_config.json');
      for (const [path, rank] of ranks) expect(strengthOf(config, path).rank).toBe(rank);
      for (const rule of targetRulesOf(json, 'adapter_config.json')) rule('decoder.0.q');
      expect(unknownSettings(json).length).toBeLessThanOrEqual(3);
    } catch (error) {
      expect(error).toBeInstanceOf(TactfulError);
    }
  });
  fc.assert(property, { numRuns: runs });
});

test('rsLora scales each module by the root of its own rank', () => {
  const config = loraConfigOf({ ...good, use_rslora: true }, ranks, 'adapter_config.json');
  const scales = [...ranks.keys()].map((path) =>
    loraScale({ ...strengthOf(config, path), rsLora: config.rsLora }),
  );
  expect(scales).toEqual([4 / Math.sqrt(2), 4 / Math.sqrt(3)]);
});
