/**
 * Refuses a `tokenizer.json` at which the native library would not throw but abort the process:
 * it is a panic of Rust, and nothing can catch it.
 */
import { InputError } from '../errors.ts';
import { checkCharsmap } from './charsmap.ts';
import { isSafePattern } from './pattern.ts';
import { bytesOfBase64 } from './tokenizer-parts.ts';

type Node = Readonly<Record<string, unknown>>;
type Check = (node: Node, where: string) => void;

/** What must hold of a component of each type; one that is not listed is refused. */
type Checks = Readonly<Record<string, Check>>;

const fine: Check = () => {};

const normalizers: Checks = {
  NFC: fine,
  NFD: fine,
  NFKC: fine,
  NFKD: fine,
  Nmt: fine,
  Lowercase: fine,
  Strip: fine,
  StripAccents: fine,
  Prepend: fine,
  ByteLevel: fine,
  BertNormalizer: fine,
  Replace: checkPattern,
  Precompiled({ precompiled_charsmap: table }, where) {
    const bytes = typeof table === 'string' ? bytesOfBase64(table) : undefined;
    if (!bytes) throw refused(`${where}: precompiled_charsmap`, 'base64', table);
    checkCharsmap(bytes, where);
  },
};

const preTokenizers: Checks = {
  ByteLevel: fine,
  Metaspace: fine,
  Whitespace: fine,
  WhitespaceSplit: fine,
  BertPreTokenizer: fine,
  Punctuation: fine,
  Digits: fine,
  CharDelimiterSplit: fine,
  UnicodeScripts: fine,
  Split: checkPattern,
};

const postProcessors: Checks = {
  ByteLevel: fine,
  RobertaProcessing: fine,
  BertProcessing: fine,
  TemplateProcessing: checkTemplate,
};

const decoders: Checks = {
  ByteLevel: fine,
  Metaspace: fine,
  WordPiece: fine,
  BPEDecoder: fine,
  CTC: fine,
  Fuse: fine,
  ByteFallback: fine,
  Replace: checkPattern,
  Strip({ stop }, where) {
    if (stop !== 0) throw refused(`${where}: stop`, '0', stop);
  },
};

const models: Checks = { BPE: checkBpe, Unigram: checkUnigram, WordPiece: fine, WordLevel: fine };

/**
 * Checks what the native library takes for granted.
 * @param json a `tokenizer.json` object
 * @param where the file's name, for messages
 * @throws {InputError} naming the component that is unknown or damaged
 */
export function checkTokenizer(json: Node, where: string): void {
  checkComponent(json.normalizer, `${where}: normalizer`, normalizers, 'normalizers');
  checkComponent(json.pre_tokenizer, `${where}: pre_tokenizer`, preTokenizers, 'pretokenizers');
  checkComponent(json.post_processor, `${where}: post_processor`, postProcessors, 'processors');
  checkComponent(json.decoder, `${where}: decoder`, decoders, 'decoders');
  const model = objectOf(json.model, `${where}: model`);
  checkKnown({ ...model, type: modelType(model) }, `${where}: model`, models);
}

/** The model's type; old files do not say it. */
export function modelType(model: Node): unknown {
  if (model.type !== undefined) return model.type;
  if (model.merges !== undefined) return 'BPE';
  if (Array.isArray(model.vocab)) return 'Unigram';
  return model.max_input_chars_per_word === undefined ? 'WordLevel' : 'WordPiece';
}

const deepest = 8;

function checkComponent(
  value: unknown,
  where: string,
  checks: Checks,
  parts: string,
  depth = 0,
): void {
  if (value === null || value === undefined) return;
  const node = objectOf(value, where);
  if (node.type !== 'Sequence') {
    checkKnown(node, where, checks);
    return;
  }
  const inner = node[parts];
  if (!Array.isArray(inner)) throw refused(`${where}: ${parts}`, 'a list', inner);
  if (depth === deepest) throw refused(where, `at most ${deepest} sequences in each other`, 'more');
  for (const part of inner) {
    checkComponent(part ?? 'nothing', where, checks, parts, depth + 1);
  }
}

function checkKnown(node: Node, where: string, checks: Checks): void {
  const { type } = node;
  if (typeof type !== 'string' || !Object.hasOwn(checks, type)) {
    throw refused(`${where}: type`, `one of ${Object.keys(checks).join(', ')}`, type);
  }
  checks[type](node, where);
}

function checkPattern({ pattern }: Node, where: string): void {
  const { Regex: regex, String: text } = objectOf(pattern, `${where}: pattern`);
  if (text === '') throw refused(`${where}: pattern`, 'some text', text);
  if (regex === undefined) return;
  if (typeof regex === 'string' && isSafePattern(regex)) return;
  throw refused(`${where}: pattern`, 'a regular expression that cannot run wild', regex);
}

/** Each special token has ids; the texts are A alone, then A and B. */
function checkTemplate(node: Node, where: string): void {
  const tokens = objectOf(node.special_tokens, `${where}: special_tokens`);
  const texts = { single: ['A'], pair: ['A', 'B'] };
  for (const [name, known] of Object.entries(texts)) {
    const pieces = node[name];
    if (!Array.isArray(pieces)) throw refused(`${where}: ${name}`, 'a list', pieces);
    for (const piece of pieces) {
      const { Sequence, SpecialToken } = objectOf(piece, `${where}: ${name}`);
      const { id } = objectOf(Sequence ?? SpecialToken, `${where}: ${name}`);
      const found = Sequence
        ? known.includes(id as string)
        : typeof id === 'string' && Object.hasOwn(tokens, id);
      if (!found) throw refused(`${where}: ${name}`, 'texts and special tokens', id);
    }
  }
}

/** What two symbols merge to must be a token itself. */
function checkBpe({ vocab, merges, continuing_subword_prefix: prefix }: Node, where: string): void {
  const known = objectOf(vocab, `${where}: vocab`);
  if (!Array.isArray(merges)) throw refused(`${where}: merges`, 'a list', merges);
  const cut = typeof prefix === 'string' ? prefix : '';
  for (const merge of merges) {
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    const [left, right, ...more] = Array.isArray(pair) ? pair : [];
    const whole =
      typeof left === 'string' && typeof right === 'string' && more.length === 0
        ? [left, right, right.startsWith(cut) ? left + right.slice(cut.length) : '\0']
        : ['\0'];
    const missing = whole.find((token) => !Object.hasOwn(known, token));
    if (missing !== undefined) throw refused(`${where}: merges`, 'pairs of the vocabulary', merge);
  }
}

function checkUnigram({ vocab }: Node, where: string): void {
  if (!Array.isArray(vocab)) throw refused(`${where}: vocab`, 'a list', vocab);
}

function objectOf(value: unknown, where: string): Node {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Node;
  throw refused(where, 'an object', value);
}

function refused(where: string, expected: string, actual: unknown): InputError {
  const text = JSON.stringify(actual)?.slice(0, 80) ?? 'nothing';
  return new InputError(where, expected, text, 'Fetch the file again, or use another tokenizer.');
}
