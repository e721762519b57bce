import { type Parameters, parametersOn } from '../model/parameters.ts';
import type { Engine } from '../runtime/engine.ts';
import { float32 } from '../tensor.ts';

/** The bare model as a reference: the same adapter with every B at zero, so that it adds nothing. */
export function baseParameters(engine: Engine, { tensors }: Parameters): Promise<Parameters> {
  const bare = [...tensors].map(([name, { data, shape }]) => {
    const disabled = name.endsWith('.lora_B.weight');
    return [name, float32(disabled ? new Float32Array(data.length) : data.slice(), shape)] as const;
  });
  return parametersOn(engine, new Map(bare));
}
