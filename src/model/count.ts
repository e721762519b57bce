import type { LoraConfig } from '../adapter/peft.ts';
import type { ParameterCount } from '../events.ts';
import type { PolicyConfig } from '../family/families.ts';
import { sizeOf } from '../tensor.ts';
import { policyShape } from './load.ts';
import { scoreGraph } from './policy-graphs.ts';

/**
 * Parameters of a policy with what is put on it, from its config alone. Without an adapter nothing is
 * trainable but the value head.
 */
export function countParameters(
  config: PolicyConfig,
  { lora, valueHead = false }: { lora?: LoraConfig | undefined; valueHead?: boolean },
): ParameterCount {
  const shape = policyShape(config, { lora, trainable: lora ? 'adapter' : 'nothing', valueHead });
  const { graph, parameters } = scoreGraph(shape);
  const total = (values: Iterable<{ shape: readonly unknown[] }>) =>
    [...values].reduce((sum, value) => sum + sizeOf(value.shape as number[]), 0);
  const trainable = total(parameters.values());
  return { trainable, all: trainable + total(graph.weights.values()) };
}
