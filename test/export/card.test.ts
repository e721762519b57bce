import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { licenseIn, modelCard, promptIn } from '../../src/export/card.ts';

const adapter = { rank: 8, alpha: 16, targetModules: ['q', 'v'] };
const facts = {
  kind: 'model',
  task: 'summarization',
  version: '1.2.3',
  baseModel: 'google/flan-t5-base',
  license: 'apache-2.0',
  adapter,
  dtypes: ['float32'],
  prompt: 'Sum up:\n{dialogue}\n',
} as const;

const frontOf = (card: string) => parse(/^---\n([\s\S]*?)\n---\n/.exec(card)![1]);

test('a card tells the hub what the folder is, and people how to load it and what to ask', () => {
  expect(modelCard(facts)).toMatchInlineSnapshot(`
    "---
    license: apache-2.0
    base_model: google/flan-t5-base
    library_name: transformers
    pipeline_tag: summarization
    prompt_template: "Sum up:\\n{dialogue}\\n"
    tags:
    - tactful
    - lora
    ---

    # flan-t5-base: with an adapter merged in

    - base model: \`google/flan-t5-base\`
    - adapter: LoRA, rank 8, alpha 16, on q, v
    - number format: float32
    - made with: tactful 1.2.3

    ## How to use it

    \`\`\`python
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = AutoModelForSeq2SeqLM.from_pretrained("PATH_OF_THIS_FOLDER")
    tokenizer = AutoTokenizer.from_pretrained("PATH_OF_THIS_FOLDER")
    prompt = "Sum up:\\n{dialogue}\\n"
    dialogue = "#Person1#: Hello! Where are you?\\n#Person2#: In the kitchen, come in."
    inputs = tokenizer(prompt.replace("{dialogue}", dialogue), return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=100)
    print(tokenizer.decode(ids[0], skip_special_tokens=True))
    \`\`\`
    "
  `);
});

test.each([
  ['adapter', 'peft', 'PeftModel.from_pretrained(base,'],
  ['model', 'transformers', 'AutoModelForSeq2SeqLM.from_pretrained("PATH_OF_THIS_FOLDER")'],
  ['onnx', 'transformers.js', "pipeline('text2text-generation', 'PATH_OF_THIS_FOLDER')"],
] as const)('of %s names the library %s', (kind, library, line) => {
  const card = modelCard({ ...facts, kind, dtypes: [] });
  expect(frontOf(card).library_name).toBe(library);
  expect(card).toContain(line);
});

test('a classifier is loaded as one, and another number format is asked for', () => {
  const { adapter: _, ...rest } = facts;
  const card = modelCard({ ...rest, kind: 'onnx', task: 'text-classification', dtypes: ['q8'] });
  expect(card).toContain("pipeline('text-classification', 'PATH_OF_THIS_FOLDER', { dtype: 'q8' })");
  expect(frontOf(card).tags).toEqual(['tactful', 'onnx']);
});

test.each([
  ['single', 'model', 'logits.softmax(-1).tolist()'],
  ['multi', 'model', 'logits.sigmoid().tolist()'],
  ['regression', 'model', 'scores = logits.tolist()'],
  ['single', 'onnx', "pipeline('text-classification'"],
  ['multi', 'onnx', "pipeline('text-classification'"],
  ['regression', 'onnx', 'logits.tolist()'],
] as const)('outputs of the kind %s are read as such, of %s', (head, kind, line) => {
  const { adapter: _, prompt: __, ...rest } = facts;
  expect(modelCard({ ...rest, kind, task: 'text-classification', head })).toContain(line);
});

test('the prompt is one literal in whatever a text holds, and the next card finds it', () => {
  const texts = fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));
  const odd = fc.constantFrom('\n---\n', '```', '"', '\u2028', '\u0085', '\\', '$&');
  const law = fc.property(
    texts,
    odd,
    fc.constantFrom('adapter', 'model', 'onnx'),
    (around, sign, kind) => {
      fc.pre(!around.join('').includes('{dialogue}'));
      const prompt = `${around[0]}${sign}{dialogue}${sign}${around[1]}`;
      const card = modelCard({ ...facts, kind: kind as 'model', prompt });
      expect(promptIn(card)).toBe(prompt);
      expect(frontOf(card).prompt_template).toBe(prompt);
      const [, code] = /^(?:const )?prompt = (".*");?$/m.exec(card)!;
      expect(JSON.parse(code)).toBe(prompt);
      expect(card.match(/^```/gm)).toHaveLength(2);
    },
  );
  fc.assert(law, { numRuns: Number(process.env.FUZZ_RUNS ?? 100) });
});

test.each([
  ['---\nprompt_template: "a {dialogue}"\n---\n', 'a {dialogue}'],
  ['---\nprompt_template: a {dialogue}\n---\n', undefined],
  ['---\nprompt_template: "no place"\n---\n', undefined],
  ['---\nprompt_template: "{dialogue} \\q"\n---\n', undefined],
  ['# prompt_template: "a {dialogue}"\n', undefined],
])('the prompt in %j is %s', (card, prompt) => {
  expect(promptIn(card)).toBe(prompt);
});

test('without a known prompt the code says so', () => {
  const { prompt: _, ...rest } = facts;
  for (const kind of ['adapter', 'model', 'onnx'] as const) {
    const card = modelCard({ ...rest, kind });
    expect(card).toContain('The prompt that the model was trained with is not known here.');
    expect(frontOf(card)).not.toHaveProperty(['prompt_template']);
  }
});

test('texts of others put nothing into a card but names', () => {
  const property = fc.property(
    fc.string(),
    fc.string(),
    fc.string(),
    (baseModel, license, target) => {
      const hostile = { baseModel, license, adapter: { ...adapter, targetModules: [target] } };
      const card = modelCard({ ...facts, ...hostile });
      const front = frontOf(card);
      const name = /^[\w./-]*$/;
      expect(Object.keys(front)).toEqual(
        expect.arrayContaining(['library_name', 'pipeline_tag', 'tags']),
      );
      expect(card).toMatch(name.test(baseModel) ? /^---\n/ : /base model: not on the hub/);
      expect(card.split('\n---\n').length).toBe(2);
      expect(card).not.toContain('undefined');
    },
  );
  fc.assert(property, { numRuns: Number(process.env.FUZZ_RUNS ?? 100) });
});

test.each([
  ['---\nlicense: apache-2.0\ntags:\n- x\n---\n# Model', 'apache-2.0'],
  ['---\r\ntags: []\r\nlicense: "mit"\r\n---\r\n', 'mit'],
  ['# Model\nlicense: mit\n', undefined],
  ['---\nlicense: [a, b]\n---\n', undefined],
  ['---\nlicense: x\n', undefined],
  ['', undefined],
])('the license in %j is %s', (card, license) => {
  expect(licenseIn(card)).toBe(license);
});
