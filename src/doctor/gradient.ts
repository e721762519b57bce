import { isValueHead } from '../nn/value-head.ts';
import { randomStream } from '../random.ts';
import { percent, tiny } from '../report/text.ts';
import type { Tensor, Tensors } from '../tensor.ts';
import type { Exam } from './exam.ts';
import { ok, type Verdict, wrong } from './finding.ts';
import { gradientOf, type Lesson } from './lesson.ts';

/** Steps of the differences, as shares of the parameters' root mean square; the best one counts. */
const steps = [1e-2, 3e-3, 3e-2];
/**
 * Largest error, as a share of the slope that a random direction has on average. A logprob in
 * float32 is right to about 1e-6 and the loss moves by about 1e-3 over two steps, so that rounding
 * makes some 0.1 % (measured: up to 0.3 % on the demo, 0.4 % at FLAN-T5-base's size); the term of
 * third order is as small. A lost term or factor makes tens of percent.
 */
const tolerance = 0.02;

/** Random directions of which the steepest is taken. */
const directions = 8;

type Subject = Pick<Exam, 'policy' | 'rl' | 'temperature' | 'lesson'>;

/** What of a policy is looked at together. */
interface Part {
  readonly name: 'adapter' | 'value-head';
  readonly label: string;
  readonly has: (parameter: string) => boolean;
}

const parts: readonly Part[] = [
  { name: 'adapter', label: 'adapter', has: (name) => !isValueHead(name) },
  { name: 'value-head', label: 'value head', has: isValueHead },
];

/** The gradient along the steepest of some random directions against central differences, part by part. */
export async function checkGradient(exam: Subject): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const part of parts) {
    const learns = [...exam.policy.parameters.tensors.keys()].some(part.has);
    const counts = part.name === 'adapter' || exam.rl.vfCoef > 0;
    if (learns && counts) verdicts.push(await checkPart(exam, part));
  }
  return verdicts;
}

async function checkPart(exam: Subject, part: Part): Promise<Verdict> {
  const { label, name } = part;
  const found = await compare(exam, part);
  if (!found) {
    const remedy = 'Start from a fresh adapter (B zero, A random), or from one that was trained.';
    return wrong(`The gradient of the ${label} is zero: it would never change.`, remedy, {
      part: name,
    });
  }
  const { slope, difference, error, step } = found;
  const says =
    `Slope of the loss along a random direction of the ${label}: ${tiny(slope)} by the gradient, ` +
    `${tiny(difference)} by central differences, ${percent(error, 2)} apart (steps of ${percent(step)}).`;
  if (error <= tolerance) return ok(says, { part: name });
  const remedy = 'Training would follow a wrong gradient: use --device cpu, and report the model.';
  return wrong(says, remedy, { part: name });
}

/** The slope both ways, for the step at which they agree best; nothing where there is no slope. */
async function compare(exam: Subject, part: Part) {
  // a detached value loss has no gradient in the adapter, but its differences would show there
  const detached = part.name === 'adapter' && exam.rl.detachValue;
  const subject = detached ? { ...exam, rl: { ...exam.rl, vfCoef: 0 } } : exam;
  const { lesson, result } = await exam.lesson();
  const products = (direction: Tensors, power: 1 | 2) =>
    total(direction, ({ data }, name) => {
      const gradient = result.gradients.get(name)!.data;
      return data.reduce((sum, v, i) => sum + (v * gradient[i]) ** power, 0);
    });
  // a direction that happens to be flat would show no wrong factor
  const drawn = Array.from({ length: directions }, (_, i) => {
    const direction = randomDirection(exam, part, i);
    return { direction, slope: products(direction, 1) };
  });
  const { direction, slope } = drawn.reduce((a, b) =>
    Math.abs(b.slope) > Math.abs(a.slope) ? b : a,
  );
  // the signs of a direction are independent: E (g·v)² = sum of (g v)²
  const typical = Math.sqrt(products(direction, 2));
  if (typical === 0) return undefined;
  let best = { slope, difference: 0, error: Number.POSITIVE_INFINITY, step: 0 };
  for (const step of steps) {
    const difference = await centralDifference(subject, lesson, direction, step);
    const error = Math.abs(difference - slope) / typical;
    if (error < best.error) best = { slope, difference, error, step };
    if (best.error <= tolerance / 4) break;
  }
  return best;
}

/** Every parameter of a part up or down by the part's root mean square. */
function randomDirection({ policy, rl }: Subject, { has, name }: Part, index: number): Tensors {
  const own = new Map([...policy.parameters.tensors].filter(([key]) => has(key)));
  const count = total(own, ({ data }) => data.length);
  const squares = total(own, ({ data }) => data.reduce((sum, x) => sum + x * x, 0));
  // a value head that starts at zero: the size of torch's usual start
  const size = squares > 0 ? Math.sqrt(squares / count) : policy.shape.config.dModel ** -0.5;
  const random = randomStream(rl.seed, ['doctor', 'direction', name, index]);
  let bits = 0;
  let left = 0;
  const sign = () => {
    if (left === 0) [bits, left] = [random.integer(2 ** 32), 32];
    left--;
    const up = bits & 1;
    bits >>>= 1;
    return up ? size : -size;
  };
  return new Map(
    [...own].map(([key, tensor]) => [key, { ...tensor, data: tensor.data.map(sign) }]),
  );
}

/** (L(θ + hv) - L(θ - hv)) / 2h on a copy of the parameters. */
async function centralDifference(
  exam: Subject,
  lesson: Lesson,
  direction: Tensors,
  step: number,
): Promise<number> {
  const { parameters } = exam.policy;
  const moved = await parameters.copy();
  try {
    const lossAt = async (h: number) => {
      for (const [name, { data }] of direction) {
        const start = parameters.tensors.get(name)!.data;
        const own = moved.tensors.get(name)!.data;
        for (let i = 0; i < own.length; i++) own[i] = start[i] + h * data[i];
      }
      await moved.commit();
      return (await gradientOf(exam, lesson, moved)).loss;
    };
    return ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
  } finally {
    await moved.close();
  }
}

function total(tensors: Tensors, value: (tensor: Tensor<'float32'>, name: string) => number) {
  let sum = 0;
  for (const [name, tensor] of tensors) sum += value(tensor, name);
  return sum;
}
