/** What a tokenizer is made of where there is no `tokenizer.json`: names of files, of any family. */
export const vocabularies = [
  'spiece.model',
  'spm.model',
  'sentencepiece.bpe.model',
  'vocab.json',
  'merges.txt',
  'vocab.txt',
];
