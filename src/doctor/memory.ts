/** Whether the run fits into the machine. */
import { memoryRemedy } from '../jobs/detox/memory.ts';
import { byteText, memoryText } from '../report/text.ts';
import type { Engine } from '../runtime/engine.ts';
import { availableMemory } from '../runtime/machine.ts';
import { ok, type Verdict, warning, wrong } from './finding.ts';
import type { Intake } from './intake.ts';

/** What the run will take, against what there is; `detox` does not start where that is too little. */
export async function checkMemory(
  { memory, engine }: Pick<Intake, 'memory'> & { engine: Pick<Engine, 'description' | 'memory'> },
  available: () => Promise<number> = availableMemory,
): Promise<Verdict> {
  if (engine.memory === 'device') return ok(`${engine.description} has memory of its own.`);
  const takes = `The run takes ${memoryText(memory)} of memory`;
  if (engine.memory === 'workers') return ok(`${takes}.`);
  const there = await available();
  const says = `${takes}, and ${byteText(there)} are available`;
  if (memory.total <= there) return ok(`${says}.`);
  if (!memory.rough) return wrong(`${says}: it would not start.`, memoryRemedy);
  const doubt = 'how much this engine takes is not known well';
  return warning(`${says}: it may not fit; ${doubt}.`, `Use --engine onnxruntime. ${memoryRemedy}`);
}
