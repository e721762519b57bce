import { type Parameters, parametersOn } from '../model/parameters.ts';
import type { Engine } from '../runtime/engine.ts';
import { float32, type Tensors } from '../tensor.ts';

/**
 * The bare model as a reference: the same adapter with every B at zero, so that it adds nothing.
 * @param replaced the model's own weights where the adapter has others
 */
export function baseParameters(
  engine: Engine,
  { tensors }: Parameters,
  replaced: Tensors = new Map(),
): Promise<Parameters> {
  const bare = [...tensors].map(([name, tensor]) => {
    const { data, shape } = replaced.get(name) ?? tensor;
    const disabled = name.endsWith('.lora_B.weight');
    return [name, float32(disabled ? new Float32Array(data.length) : data.slice(), shape)] as const;
  });
  return parametersOn(engine, new Map(bare));
}
