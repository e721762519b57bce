import { InputError } from '../errors.ts';
import { type Adapter, loraScale } from '../hub/peft.ts';
import type { Weights } from '../hub/weights.ts';
import { float32, type Tensor } from '../tensor.ts';

/** The adapted weights of a model with the adapter merged in: W + scale · B A, by weight name. */
export async function mergeAdapter(
  weights: Weights,
  { config, tensors }: Adapter,
): Promise<Map<string, Tensor<'float32'>>> {
  const scale = loraScale(config);
  const merged = new Map<string, Tensor<'float32'>>();
  for (const [name, a] of tensors) {
    if (!name.endsWith('.lora_A.weight')) continue;
    const module = name.slice(0, -'.lora_A.weight'.length);
    const b = tensors.get(`${module}.lora_B.weight`);
    if (!b) throw new InputError(`adapter ${module}`, 'both lora_A and lora_B', 'lora_A alone');
    const weight = await weights.load(`${module}.weight`);
    const [outputs, inputs] = weight.shape;
    const data = weight.data.slice();
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        let product = 0;
        for (let r = 0; r < config.rank; r++)
          product += b.data[o * config.rank + r] * a.data[r * inputs + i];
        data[o * inputs + i] += scale * product;
      }
    }
    merged.set(`${module}.weight`, float32(data, weight.shape));
  }
  return merged;
}
