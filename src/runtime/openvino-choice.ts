import { hasBf16 } from './cpu.ts';
import { availableMemory } from './machine.ts';
import { findOpenVino } from './openvino-files.ts';
import type { Choice, Found, Wanted } from './record.ts';

/** Memory of a whole run in OpenVINO, in sizes of its model's weights (measured: 9.5 of `sft`, 512 wide). */
const weightsHeld = 12;

const noBf16 = 'no bf16 in this CPU';

/** Its library, and the precision that is faster on this CPU. */
export async function findForOpenVino({ precision }: Wanted): Promise<Found> {
  const found = await findOpenVino();
  if ('library' in found) return { ...found, ...fastest(precision) };
  const remedy = 'Run: tactful setup openvino';
  return { ...found, expected: "OpenVINO's library", remedy };
}

/** bf16 where the CPU has it; it is said where nobody asked for the slower one. */
export function fastest(asked: Wanted['precision']) {
  if (asked !== undefined) return { precision: asked };
  return hasBf16() ? { precision: 'bf16' as const } : { precision: 'f32' as const, note: noBf16 };
}

/**
 * `auto` takes it where the CPU has bf16, there is memory for it, and it is faster on a block of the model's
 * width. Who wants f32 has it of ONNX Runtime.
 */
export async function chooseOpenVino({ precision, work }: Wanted): Promise<Choice | undefined> {
  if (precision === 'f32') return undefined;
  const against = (why: string) => ({ takes: false, why });
  if (precision === undefined && !hasBf16()) return against(noBf16);
  if (!work) return against('not known to be better here');
  const { width, bytes } = await work();
  const [takes, there] = [weightsHeld * bytes, await availableMemory()];
  if (takes <= there) return { takes: true, why: '', width };
  return against(`may take ${gigabytes(takes)}, and ${gigabytes(there)} are available`);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
