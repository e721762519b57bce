import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sequenceOf } from '../../src/model/batch.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { sampleOf } from '../../src/rl/forward.ts';
import type { Rollout } from '../../src/rl/rollout.ts';
import { rlSample } from '../../src/rl/sample.ts';
import { withoutFirst } from '../../src/rl/trl/mask.ts';
import { placesOf } from '../../src/rl/trl/places.ts';
import { labIds } from '../../src/rl/trl/sample.ts';

const ids = fc.array(fc.nat({ max: 50 }), { minLength: 3, maxLength: 12 });

test('inputs and labels are the decoder ids, one apart', () => {
  const { sequence } = rlSample([7, 1], [0, 5, 6, 1]);
  expect(sequence).toEqual({ query: [7, 1], inputs: [0, 5, 6], labels: [5, 6, 1] });
});

test('by default every token counts, the first and the end of the sequence included', () => {
  const property = fc.property(ids, (decoderIds) => {
    const { mask, sequence } = rlSample([7], decoderIds);
    expect(Array.from(mask)).toEqual(sequence.labels.map(() => 1));
  });
  fc.assert(property);
});

test('a pad id inside a response counts: masks come from lengths', () => {
  expect(Array.from(rlSample([7], [0, 0, 0, 1]).mask)).toEqual([1, 1, 1]);
});

test("TRL's mask drops the first token alone", () => {
  const property = fc.property(ids, (decoderIds) => {
    const [first, ...rest] = rlSample([7], decoderIds, { mask: withoutFirst }).mask;
    expect(first).toBe(0);
    expect(rest).toEqual(rest.map(() => 1));
  });
  fc.assert(property);
});

test('a response mask takes further tokens out, at the same index as the labels', () => {
  const { mask } = rlSample([7], [0, 5, 6, 1], { responseMask: [1, 0, 1] });
  expect(Array.from(mask)).toEqual([1, 0, 1]);
});

test('a response has as many tokens as labels, the end included, and is whole by default', () => {
  const sample = rlSample([7], [0, 5, 6, 1]);
  expect(sample).toMatchObject({ tokens: 3, truncated: false, bootstraps: false });
  // the response mask takes tokens out of the loss, not out of the response
  expect(rlSample([7], [0, 5, 6, 1], { responseMask: [1, 0, 1] }).tokens).toBe(3);
});

describe('a place behind the response, for the value of what was still to come', () => {
  test('is added where a truncated response is to bootstrap, and never counts', () => {
    const options = { truncated: true, bootstrap: true, responseMask: [1, 0] };
    const sample = rlSample([7], [3, 5, 6], options);
    // position t of the decoder has seen inputs up to t: the last has seen the whole response
    expect(sample.sequence).toEqual({ query: [7], inputs: [3, 5, 6], labels: [5, 6, 3] });
    expect(sample).toMatchObject({ tokens: 2, truncated: true, bootstraps: true });
    expect(Array.from(sample.mask)).toEqual([1, 0, 0]);
  });

  test.each([
    { truncated: false, bootstrap: true },
    { truncated: true, bootstrap: false },
    { truncated: true },
    { bootstrap: true },
  ])('is not added otherwise: %j', (options) => {
    const sample = rlSample([7], [3, 5, 6], options);
    expect(sample.sequence).toEqual({ query: [7], inputs: [3, 5], labels: [5, 6] });
    const { truncated = false } = options;
    expect(sample).toMatchObject({ tokens: 2, truncated, bootstraps: false });
    expect(Array.from(sample.mask)).toEqual([1, 1]);
  });
});

describe('nothing left to score is an error, where TRL fails with an IndexError', () => {
  test('a bare decoder start', () => {
    const call = () => rlSample([7], [0]);
    expect(call).toThrow(
      'response: expected at least 2 decoder ids with one that counts, got [0]. Ask for longer responses.',
    );
  });

  test("an end of the sequence at once, under TRL's mask alone", () => {
    const call = () => rlSample([7], [0, 1], { mask: withoutFirst });
    expect(call).toThrow('expected at least 3 decoder ids with one that counts, got [0,1]');
    expect(Array.from(rlSample([7], [0, 1]).mask)).toEqual([1]);
  });

  test('a response mask of zeros', () => {
    expect(() => rlSample([7], [0, 5, 1], { responseMask: [0, 0] })).toThrow('one that counts');
  });
});

describe('a response as long as the limit', () => {
  const rollout: Rollout = {
    query: { id: '1', text: '', ids: [7] },
    response: [5, 6, 8],
    truncated: true,
    text: '',
  };
  const policy = {
    precision: 'f32' as const,
    sequence: (query: readonly number[], response: readonly number[]) =>
      sequenceOf(query, response, 0),
  };
  const config = (compat: RlConfig['compat']) =>
    RlConfig.parse({ compat, generation: { maxNewTokens: 3 } });
  const sampled = (
    compat: RlConfig['compat'],
    response = rollout.response,
    forcesFirst = false,
  ) => {
    const from = { ...policy, forcesFirst };
    return sampleOf({ ...rollout, response }, from, placesOf(config(compat)), config(compat));
  };
  const inputsOf = (compat: RlConfig['compat'], response = rollout.response) =>
    sampled(compat, response).sequence.inputs;

  test('takes what the sampling said, and below float32 is scored once more and held against that', () => {
    const says = { logprobs: Float32Array.of(-1, -2), values: Float32Array.of(0, 0) };
    const from = (precision: 'f32' | 'bf16', rescore?: boolean) => {
      const settings = { ...config('none'), ...(rescore !== undefined && { rescore }) };
      const sample = { ...rollout, sampled: says };
      const asked = { ...policy, precision, forcesFirst: false };
      const { sampled: kept, drawn } = sampleOf(sample, asked, placesOf(settings), settings);
      return { kept, drawn };
    };
    const [keeps, scores] = [{ kept: says }, { drawn: says.logprobs }];
    expect(from('f32')).toEqual(keeps);
    expect(from('bf16')).toEqual(scores);
    expect(from('f32', true)).toEqual(scores);
    expect(from('bf16', false)).toEqual(keeps);
  });

  test('keeps its decoder start by default', () => {
    expect(inputsOf('none')).toEqual([0, 5, 6]);
  });

  test('is not learnt from where nobody chose it: a forced first token', () => {
    expect([...sampled('none', [5, 6, 8], true).mask]).toEqual([0, 1, 1]);
    // in the lab the first label is then the second token
    expect([...sampled('trl-0.8.0', [5, 6, 8], true).mask]).toEqual([0, 1]);
    expect(sampled('none', [5, 6, 8]).mask).toEqual(Float32Array.of(1, 1, 1));
  });

  test('loses its decoder start in the lab, a shorter one does not', () => {
    expect(inputsOf('trl-0.8.0')).toEqual([5, 6]);
    expect(inputsOf('trl-0.8.0', [5, 1])).toEqual([0, 5]);
    expect(labIds([0, ...rollout.response], 3)).toEqual([5, 6, 8]);
  });
});
