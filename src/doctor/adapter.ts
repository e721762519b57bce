/** What is trained: the adapter's modules, their weights, the value head. */
import { readValueHead } from '../adapter/peft.ts';
import { isValueHead } from '../nn/value-head.ts';
import { grouped, list } from '../report/text.ts';
import type { Tensors } from '../tensor.ts';
import { ok, type Verdict, wrong } from './finding.ts';
import type { Intake } from './intake.ts';

/** Modules that the adapter sits on. */
export function checkTargets({ policy, lora }: Intake): Verdict {
  const { tensors } = policy.parameters;
  const modules = [...tensors.keys()].flatMap(
    (name) => /^(.*)\.lora_A\.weight$/.exec(name)?.[1] ?? [],
  );
  const counts = new Map<string, number>();
  for (const path of modules) {
    const last = path.slice(path.lastIndexOf('.') + 1);
    counts.set(last, (counts.get(last) ?? 0) + 1);
  }
  const size = [...tensors].reduce(
    (sum, [name, { data }]) => sum + (isValueHead(name) ? 0 : data.length),
    0,
  );
  const kinds = list([...counts].sort().map(([name, count]) => `${grouped(count)} ${name}`));
  const says = `The adapter sits on ${grouped(modules.length)} modules (${kinds}): ${grouped(size)} parameters of rank ${lora?.rank}.`;
  return ok(says);
}

/** Adapters that do nothing or can do nothing; weights that are no numbers are not loaded at all. */
export function checkWeights({ policy }: Intake): Verdict {
  const { tensors } = policy.parameters;
  const [a, b] = ['A', 'B'].map((matrix) => ofMatrix(tensors, matrix));
  const [zeroA, zeroB] = [zeros(a), zeros(b)];
  if (zeroA > 0 && zeroA === a.size && zeroB === b.size) {
    const says = 'All matrices A and B of the adapter are zero, and so are their gradients.';
    return wrong(says, 'Leave out --adapter for a fresh one, or take one that was trained.');
  }
  if (zeroB === b.size) {
    return ok('The adapter changes nothing yet: every B is zero, as a fresh one starts.');
  }
  const some = zeroB > 0 ? `; ${zeroB} of ${b.size} modules change nothing yet` : '';
  return ok(`The adapter's ${grouped(a.size + b.size)} matrices are finite${some}.`);
}

/** Where the critic starts. */
export async function checkValueHead({ config, rl, policy }: Intake): Promise<Verdict> {
  if (!policy.shape.valueHead) return ok(`No value head: ${rl.algorithm} does without a critic.`);
  const stored = config.adapter === undefined ? undefined : await readValueHead(config.adapter);
  if (stored) return ok(`The value head is the one of ${config.adapter}.`);
  return ok(
    `The value head is fresh and starts ${rl.valueHead === 'zero' ? 'at zero' : 'at random'}.`,
  );
}

function ofMatrix(tensors: Tensors, matrix: string): Tensors {
  return new Map([...tensors].filter(([name]) => name.endsWith(`.lora_${matrix}.weight`)));
}

/** Tensors of nothing but zeros. */
function zeros(tensors: Tensors): number {
  return [...tensors.values()].filter(({ data }) => data.every((x) => x === 0)).length;
}
