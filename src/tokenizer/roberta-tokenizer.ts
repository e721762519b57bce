/** The `tokenizer.json` that transformers makes of RoBERTa's `vocab.json` and `merges.txt`. */
import { z } from 'zod';
import { parseJson } from '../disk/json.ts';
import { InputError } from '../errors.ts';
import { named } from './tokenizer-config.ts';
import { type Build, specialToken, type VocabularyFile } from './tokenizer-parts.ts';

const around = { bos: '<s>', eos: '</s>', cls: '<s>', sep: '</s>' };
const usual = { ...around, unk: '<unk>', pad: '<pad>', mask: '<mask>' };

const Vocabulary = z.record(z.string(), z.int().nonnegative());

/**
 * A byte-level RoBERTa tokenizer, from `vocab.json` and `merges.txt`.
 * @throws {InputError} when a file is not what its name says, or lacks a token that texts need
 * @see RobertaConverter in transformers' convert_slow_tokenizer.py
 */
export const robertaTokenizer: Build = ([vocabFile, mergesFile], config) => {
  const vocab = parseJson(vocabFile.bytes, vocabFile.where, Vocabulary);
  const merges = parseMerges(mergesFile);
  const names = named(usual, config);
  const { cls, sep, mask } = names;
  for (const token of [cls, sep]) {
    if (Object.hasOwn(vocab, token)) continue;
    const remedy = 'Without tokenizer.json only tokenizers of RoBERTa and BART have a vocab.json.';
    throw new InputError(vocabFile.where, `the token ${token}`, 'none', remedy);
  }
  const added = [...new Set(Object.values(names))]
    .filter((content) => Object.hasOwn(vocab, content))
    .sort((a, b) => vocab[a] - vocab[b])
    .map((content) => ({
      ...specialToken(vocab[content], content),
      lstrip: content === mask,
      normalized: content !== mask,
    }));
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: false,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [sep, vocab[sep]],
      cls: [cls, vocab[cls]],
      trim_offsets: true,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
};

/** Pairs of a merges file: one a line after a `#version` line; a pair may start with `#`. */
function parseMerges({ bytes, where }: VocabularyFile): string[][] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  const pairs: string[][] = [];
  for (const [i, line] of lines.entries()) {
    if (line === '' || (i === 0 && line.startsWith('#version'))) continue;
    const pair = line.replace(/\r$/, '').split(' ');
    if (pair.length !== 2 || pair.includes('')) {
      throw new InputError(`${where}: line ${i + 1}`, 'two symbols', JSON.stringify(line));
    }
    pairs.push(pair);
  }
  return pairs;
}
