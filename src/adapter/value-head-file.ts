/** Files that a value head may be written to: tactful's own, and the one that TRL up to 0.11 reads. */
export const valueHeadFiles = ['value_head.safetensors', 'pytorch_model.bin'] as const;
export type ValueHeadFile = (typeof valueHeadFiles)[number];
