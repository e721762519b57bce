import type { DType } from '../tensor.ts';

/** Numbers of TensorProto.DataType in onnx.proto. */
export const onnxTypes: Record<DType, number> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
};
