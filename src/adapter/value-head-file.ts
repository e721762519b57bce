/** Files that a value head may be written to: tactful's own, and the one that TRL up to 0.11 reads. */
export const valueHeadFiles = ['value_head.safetensors', 'pytorch_model.bin'] as const;
export type ValueHeadFile = (typeof valueHeadFiles)[number];

/**
 * Files that a value head is read from, the first that is there: ours, LLaMA-Factory's, that of programs
 * which save the head alone, and the one that TRL writes beside an adapter.
 */
export const valueHeadNames = [
  'value_head.safetensors',
  'value_head.bin',
  'v_head.safetensors',
  'pytorch_model.bin',
];
