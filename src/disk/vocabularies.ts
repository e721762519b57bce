/** Files that a tokenizer is made of where there is no `tokenizer.json`, of any class. */
export const vocabulary = {
  spiece: 'spiece.model',
  spm: 'spm.model',
  sentencePiece: 'sentencepiece.bpe.model',
  ids: 'vocab.json',
  merges: 'merges.txt',
  words: 'vocab.txt',
} as const;

export const vocabularies: readonly string[] = Object.values(vocabulary);
