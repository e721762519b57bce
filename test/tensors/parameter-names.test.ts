import { describe, expect, test } from 'vitest';
import { families, type ModelType } from '../../src/family/families.ts';
import { parameterNames as namesBy } from '../../src/tensors/parameter-names.ts';

/** By the names of a family, or of all. */
const parameterNames = (files: readonly string[], type?: ModelType, where?: string) => {
  const records = type === undefined ? Object.values(families) : [families[type]];
  return namesBy(
    files,
    records.map(({ names }) => names),
    where,
  );
};

const t5 = [
  'shared.weight',
  'encoder.block.0.layer.0.layer_norm.weight',
  'decoder.block.0.layer.0.SelfAttention.q.weight',
  'lm_head.weight',
];
const roberta = [
  'roberta.embeddings.word_embeddings.weight',
  'roberta.embeddings.LayerNorm.weight',
  'roberta.encoder.layer.0.output.dense.weight',
  'classifier.dense.weight',
];
const under = (prefix: string, names: readonly string[]) => names.map((name) => prefix + name);

describe('prefixes', () => {
  test.each([
    '',
    'pretrained_model.',
    'model.',
    'base_model.',
    'base_model.model.',
    'module.',
    'module.module.',
    'student.',
    'transformer.',
    'module.pretrained_model.base_model.model.',
    'any.other.wrapper.',
  ])('a model under "%s" is found, whatever lies beside it', (prefix) => {
    for (const names of [t5, roberta]) {
      const beside = prefix === '' ? [] : ['v_head.summary.weight', 'optimizer.state.0'];
      const found = parameterNames([...under(prefix, names), ...beside]);
      for (const name of names) expect(found.names.get(name)).toBe(prefix + name);
      expect(found.beside).toEqual(beside);
    }
  });

  test("a head beside a T5 under a prefix is the T5's", () => {
    const [head, ...others] = [...t5].reverse();
    const found = parameterNames([...under('model.', others), head, 'v_head.summary.weight']);
    expect(found.names.get(head)).toBe(head);
    expect(found.beside).toEqual(['v_head.summary.weight']);
  });

  test('marks of wrappers go wherever they stand', () => {
    for (const mark of ['_orig_mod.', '_fsdp_wrapped_module.', '_checkpoint_wrapped_module.']) {
      const { names } = parameterNames(under(mark, t5));
      for (const name of t5) expect(names.get(name)).toBe(mark + name);
    }
    const [first, name] = [
      '_fsdp_wrapped_module.encoder.block.0._fsdp_wrapped_module.layer.0.layer_norm.weight',
      '_fsdp_wrapped_module.shared._orig_mod.weight',
    ];
    const { names } = parameterNames([first, name]);
    expect(names.get('encoder.block.0.layer.0.layer_norm.weight')).toBe(first);
    expect(names.get('shared.weight')).toBe(name);
  });

  test("the model's own names come before a second model's", () => {
    const both = [...t5, ...under('ref_model.', t5)];
    expect(parameterNames(both).names.get('shared.weight')).toBe('shared.weight');
  });

  test('two models under prefixes are refused by these', () => {
    const both = [...under('student.', t5), ...under('teacher.', t5)];
    expect(() => parameterNames(both, 't5', 'folder')).toThrow(
      'folder: expected one model, got several, whose names begin with "student." and "teacher.".',
    );
  });

  test('two tensors of one name are refused', () => {
    const two = ['encoder.block.0.layer.0.layer_norm.weight', 'shared.weight'];
    expect(() => parameterNames([...two, '_orig_mod.shared.weight'], 't5', 'folder')).toThrow(
      'folder: expected one shared.weight, got shared.weight and _orig_mod.shared.weight.',
    );
  });
});

test.each([
  ['bert', 'bert.'],
  ['distilbert', 'distilbert.'],
  ['roberta', 'roberta.'],
  ['xlm-roberta', 'roberta.'],
  ['deberta-v2', 'deberta.'],
] as const)('an encoder of %s saved without its classifier gets the prefix %s', (type, prefix) => {
  const own = ['embeddings.LayerNorm.weight', 'encoder.layer.0.output.dense.weight'];
  for (const wrapper of ['', 'model.']) {
    const { names } = parameterNames(under(wrapper, [...own, 'pooler.dense.weight']), type);
    for (const name of own) expect(names.get(prefix + name)).toBe(wrapper + name);
  }
  // a head beside such an encoder keeps its name, as transformers 5.24 takes it
  const { names } = parameterNames([...own, 'classifier.weight'], type);
  expect(names.get('classifier.weight')).toBe('classifier.weight');
});

test.each([
  ['modernbert', ['embeddings.norm.weight', 'layers.0.attn.Wqkv.weight'], 'head.dense.weight'],
  ['bart', ['shared.weight', 'encoder.layernorm_embedding.weight'], 'final_logits_bias'],
] as const)(
  'a %s without its head gets the prefix model., and its head none',
  (type, own, head) => {
    const { names } = parameterNames([...own, head], type);
    for (const name of own) expect(names.get(`model.${name}`)).toBe(name);
    expect(names.get(head)).toBe(head);
    const whole = [...under('model.', own), head];
    expect([...parameterNames(whole, type).names.keys()]).toEqual(expect.arrayContaining(whole));
    expect(parameterNames(under('any.', whole), type).names.get(head)).toBe(`any.${head}`);
  },
);
