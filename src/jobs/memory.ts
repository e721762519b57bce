import { UnavailableError } from '../errors.ts';
import type { MemoryEstimate } from '../events.ts';
import { byteText, memoryText } from '../report/text.ts';
import { availableMemory } from '../runtime/machine.ts';
import type { EngineTraits } from '../runtime/traits.ts';

/**
 * Refuses what cannot end well: a process that is killed for want of memory says nothing. A rough
 * estimate refuses nothing, and of workers' memory and a device's own nobody tells the size.
 * @throws {UnavailableError} when there is less than the run will take
 */
export async function checkMemory(
  estimate: MemoryEstimate,
  { memory }: Pick<EngineTraits, 'memory'>,
  remedy: string,
  available: () => Promise<number> = availableMemory,
): Promise<void> {
  if (memory !== 'process' || estimate.rough) return;
  const there = await available();
  if (estimate.total <= there) return;
  const needed = memoryText(estimate);
  throw new UnavailableError('memory', needed, `${byteText(there)} available`, remedy);
}
