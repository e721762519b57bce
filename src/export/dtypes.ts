/** Number formats of exported models, as transformers.js names them. */
export const exportDTypes = ['fp32', 'fp16', 'q8', 'int8'] as const;
/** Name of a number format; `q8` and `int8` are the same numbers under two file names. */
export type ExportDType = (typeof exportDTypes)[number];

/** What stands behind a model's name in its file name. */
export const suffixes: Readonly<Record<ExportDType, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
};

/** How the matrices of a model are stored and multiplied. */
export type Precision = 'float32' | 'float16' | 'int8';

/** The precision of a number format. */
export const precisionOf: Readonly<Record<ExportDType, Precision>> = {
  fp32: 'float32',
  fp16: 'float16',
  q8: 'int8',
  int8: 'int8',
};
