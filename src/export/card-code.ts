/** The code of a model card: how a model is loaded and asked, in Python and in JavaScript. Pure. */
import type { Head } from '../family/classifier-config.ts';

/** What stands for the dialogue in a prompt. */
const place = '{dialogue}';

/** What the code of a card depends on. */
export interface CardCode {
  /** The prompt that a policy learnt, with a place for the dialogue; undefined when nobody knows. */
  readonly prompt?: string | undefined;
  /** What a classifier's outputs are. @default 'single' */
  readonly head?: Head | undefined;
}

/** A text as a literal of Python, JavaScript and YAML alike: in double quotes, on one line. */
export function literal(text: string): string {
  const escaped = (sign: string) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escaped);
}

const example = '#Person1#: Hello! Where are you?\n#Person2#: In the kitchen, come in.';
const unknownPrompt = 'The prompt that the model was trained with is not known here';

/** Loads an encoder–decoder and its tokenizer, maybe with an adapter on it, and lets it summarise. */
export function pythonPolicy(baseModel: string | undefined, { prompt }: CardCode): string {
  const model = 'AutoModelForSeq2SeqLM.from_pretrained';
  const loaded =
    baseModel === undefined
      ? [`model = ${model}("PATH_OF_THIS_FOLDER")`]
      : [
          `base = ${model}("${baseModel}")`,
          'model = PeftModel.from_pretrained(base, "PATH_OF_THIS_FOLDER")',
        ];
  return block('python', [
    ...(baseModel === undefined ? [] : ['from peft import PeftModel']),
    'from transformers import AutoModelForSeq2SeqLM, AutoTokenizer',
    '',
    ...loaded,
    `tokenizer = AutoTokenizer.from_pretrained("${baseModel ?? 'PATH_OF_THIS_FOLDER'}")`,
    ...(prompt === undefined ? [`# ${unknownPrompt}.`] : []),
    `prompt = ${literal(prompt ?? place)}`,
    `dialogue = ${literal(example)}`,
    `inputs = tokenizer(prompt.replace("${place}", dialogue), return_tensors="pt")`,
    'ids = model.generate(**inputs, max_new_tokens=100)',
    'print(tokenizer.decode(ids[0], skip_special_tokens=True))',
  ]);
}

const pythonScores: Readonly<Record<Head, string>> = {
  single: 'logits.softmax(-1)',
  multi: 'logits.sigmoid()', // each label by itself
  regression: 'logits', // numbers as they are
};

/** Loads a classifier and its tokenizer, and lets it judge. */
export function pythonClassifier({ head = 'single' }: CardCode): string {
  return block('python', [
    'from transformers import AutoModelForSequenceClassification, AutoTokenizer',
    '',
    'model = AutoModelForSequenceClassification.from_pretrained("PATH_OF_THIS_FOLDER")',
    'tokenizer = AutoTokenizer.from_pretrained("PATH_OF_THIS_FOLDER")',
    'inputs = tokenizer("A text to judge", truncation=True, return_tensors="pt")',
    'logits = model(**inputs).logits[0]',
    `scores = ${pythonScores[head]}.tolist()`,
    'print({model.config.id2label[i]: score for i, score in enumerate(scores)})',
  ]);
}

/** Lets an exported encoder–decoder summarise in transformers.js. */
export function scriptPolicy(dtype: string | undefined, { prompt }: CardCode): string {
  return block('js', [
    "import { pipeline } from '@huggingface/transformers';",
    '',
    `const run = await pipeline('text2text-generation', 'PATH_OF_THIS_FOLDER'${asked(dtype)});`,
    ...(prompt === undefined ? [`// ${unknownPrompt}.`] : []),
    `const prompt = ${literal(prompt ?? place)};`,
    `const dialogue = ${literal(example)};`,
    '// one text a call: in a list, texts that end before others have more behind their end',
    `const [{ generated_text }] = await run(prompt.replace('${place}', () => dialogue), {`,
    '  max_new_tokens: 100,',
    '});',
    'console.log(generated_text);',
  ]);
}

/** Lets an exported classifier judge in transformers.js, whose pipeline knows no numbers as they are. */
export function scriptClassifier(dtype: string | undefined, { head = 'single' }: CardCode): string {
  if (head !== 'regression') {
    return block('js', [
      "import { pipeline } from '@huggingface/transformers';",
      '',
      `const run = await pipeline('text-classification', 'PATH_OF_THIS_FOLDER'${asked(dtype)});`,
      "console.log(await run('A text to judge', { top_k: null }));",
    ]);
  }
  return block('js', [
    "import { AutoModelForSequenceClassification, AutoTokenizer } from '@huggingface/transformers';",
    '',
    "const folder = 'PATH_OF_THIS_FOLDER';",
    `const model = await AutoModelForSequenceClassification.from_pretrained(folder${asked(dtype)});`,
    'const tokenizer = await AutoTokenizer.from_pretrained(folder);',
    "const { logits } = await model(tokenizer('A text to judge', { truncation: true }));",
    'console.log(logits.tolist()[0]);',
  ]);
}

/** fp32 is what comes without being asked for. */
function asked(dtype: string | undefined): string {
  return dtype === undefined || dtype === 'fp32' ? '' : `, { dtype: '${dtype}' }`;
}

function block(language: string, lines: readonly string[]): string {
  return [`\`\`\`${language}`, ...lines, '```'].join('\n');
}
