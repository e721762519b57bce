import { describe, expect, test } from 'vitest';
import {
  adam,
  addGradients,
  clipGradients,
  gradientNorm,
  scaleGradients,
} from '../../src/model/optimizer.ts';
import { type Schedule, scheduleFactor } from '../../src/model/schedule.ts';
import { randomStream } from '../../src/random.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { goldenJson, goldenTensors } from '../golden.ts';
import { numbers, rows2 } from '../tensors.ts';

interface Trajectory {
  name: string;
  cls: 'Adam' | 'AdamW';
  kwargs: {
    lr: number;
    betas?: [number, number];
    eps?: number;
    weight_decay?: number;
    amsgrad?: boolean;
  };
  clip: number | null;
  total_norms: number[];
}
interface Optim {
  trajectories: Trajectory[];
  schedules: { name: string; base_lr: number; warmup: number; total: number; lrs: number[] }[];
}

const optim = await goldenJson<Optim>('optim', 'optim.json');
const tensors = await goldenTensors('optim', 'trajectories.safetensors');
const float = (data: readonly number[], shape: readonly number[]) => float32(data, shape);

/** Every parameter of a trajectory: its start, its value after each step, the gradient of each step. */
function recorded(name: string) {
  const parts = [...tensors.keys()].filter((key) => key.startsWith(`${name}.grad_`));
  return parts.map((key) => {
    const parameter = /\.grad_(.*)_before_clip$/.exec(key)![1];
    const after = tensors.get(`${name}.${parameter}`)!;
    const shape = after.shape.slice(1);
    const steps = rows2(after);
    const start = tensors.get(`${parameter}0`);
    return {
      parameter,
      shape,
      // a bias has no recorded start: torch was given zeros
      start: start ? numbers(start) : steps[0].map(() => 0),
      steps,
      gradients: rows2(tensors.get(key)!),
    };
  });
}

// nothing that tactful does takes AMSGrad
const trajectories = optim.trajectories.filter(({ kwargs }) => !kwargs.amsgrad);
describe.each(trajectories)('$name', ({ name, cls, kwargs, clip, total_norms }) => {
  const { lr, betas = [0.9, 0.999], eps = 1e-8 } = kwargs;
  const weightDecay = kwargs.weight_decay ?? (cls === 'AdamW' ? 0.01 : 0); // torch's defaults
  const decoupled = cls === 'AdamW';

  test('parameters, moments and clipped norms equal those of PyTorch at every step', () => {
    const parts = recorded(name);
    expect(parts.length).toBeGreaterThan(0);
    const optimizer = adam({ learningRate: lr, betas, eps, weightDecay, decoupled });
    const parameters = new Map(
      parts.map(({ parameter, start, shape }) => [parameter, float(start, shape)]),
    );
    for (const [step] of parts[0].steps.entries()) {
      const gradients = new Map(
        parts.map((part) => [part.parameter, float(part.gradients[step], part.shape)]),
      );
      if (clip !== null) {
        const norm = clipGradients(gradients, clip);
        expect([norm]).toBeAllClose([total_norms[step]], { rtol: 1e-6 }); // torch sums in float32
        expect(gradientNorm(gradients)).toBeLessThanOrEqual(clip);
      }
      optimizer.step(parameters, gradients);
      for (const { parameter, steps } of parts) {
        expect(parameters.get(parameter)!.data).toBeAllClose(steps[step], { atol: 1e-6 }); // float32 roundings
      }
    }
    const { first, second } = optimizer.state;
    for (const { parameter } of parts) {
      for (const [key, moments] of [
        ['exp_avg', first],
        ['exp_avg_sq', second],
      ] as const) {
        const golden = tensors.get(`${name}.final_${key}_${parameter}`);
        if (golden)
          expect(moments.get(parameter)!.data).toBeAllClose(numbers(golden), { atol: 1e-6 });
      }
    }
  });
});

/** transformers' names, and how the goldens were called where the call says more than the name. */
const schedules: Record<string, Partial<Schedule> & Pick<Schedule, 'name'>> = {
  linear: { name: 'linear' },
  linear_nowarm: { name: 'linear', warmup: 0 },
  cosine: { name: 'cosine' },
  cosine_1cycle: { name: 'cosine', cycles: 1 },
  cosine_hard_restarts: { name: 'cosineRestarts', cycles: 2 },
  constant: { name: 'constant', warmup: 0 },
  constant_with_warmup: { name: 'constant' },
  polynomial: { name: 'polynomial', power: 2 },
};
test.each(optim.schedules)(
  'learning rates equal those of transformers: $name',
  ({ name, base_lr, warmup, total, lrs }) => {
    const end = 1e-5 / base_lr; // transformers takes the last rate itself
    const schedule: Schedule = { warmup, total, end, ...schedules[name] };
    const rates = lrs.map((_, step) => base_lr * scheduleFactor(schedule, step));
    expect(rates).toBeAllClose(lrs, { atol: 1e-12 });
  },
);

test('a step may have a learning rate of its own', () => {
  const parameters = new Map([['w', float([1, 2], [2])]]);
  const gradients = new Map([['w', float([1, -1], [2])]]);
  adam({ learningRate: 5 }).step(parameters, gradients, 0.5);
  // the first step of Adam is the learning rate, against the gradient's sign
  expect(parameters.get('w')!.data).toBeAllClose([0.5, 2.5], { atol: 1e-6 });
});

test('a parameter may have a learning rate of its own', () => {
  const start = () => float([1, 1], [2]);
  const parameters = new Map([
    ['a', start()],
    ['b', start()],
  ]);
  const gradients = new Map([...parameters.keys()].map((name) => [name, float([1, -1], [2])]));
  adam({ learningRate: 5 }).step(parameters, gradients, (name) => (name === 'a' ? 0.5 : 0));
  expect(parameters.get('a')!.data).toBeAllClose([0.5, 1.5], { atol: 1e-6 });
  expect(parameters.get('b')).toEqual(start());
});

test('weight decay is part of the gradient unless it is decoupled, as torch.optim.Adam has it', () => {
  const parameters = new Map([['w', float([2], [1])]]);
  adam({ learningRate: 0.5, weightDecay: 0.1 }).step(parameters, new Map([['w', float([0], [1])]]));
  // the gradient is 0.1·2, and the first step of Adam the learning rate
  expect(parameters.get('w')!.data).toBeAllClose([1.5], { atol: 1e-6 });
});

test('an optimizer goes on from a state that it is given', () => {
  const gradients = new Map([['w', float([0.3, -0.2], [2])]]);
  const run = (
    steps: number,
    optimizer: ReturnType<typeof adam>,
    parameters: Map<string, Tensor<'float32'>>,
  ) => {
    for (let i = 0; i < steps; i++) optimizer.step(parameters, gradients);
  };
  const start = () => new Map([['w', float([1, 2], [2])]]);
  const [whole, halves] = [start(), start()];
  run(4, adam({ learningRate: 0.1 }), whole);
  const first = adam({ learningRate: 0.1 });
  run(2, first, halves);
  run(2, adam({ learningRate: 0.1 }, structuredClone(first.state)), halves);
  expect(halves).toEqual(whole);
});

test('a parameter without a gradient is a fault of ours', () => {
  const parameters = new Map([['w', float([1], [1])]]);
  const step = () => adam({ learningRate: 1 }).step(parameters, new Map());
  expect(step).toThrow('internal: optimizer: no gradient for "w"');
});

test('gradients below the limit are left as they are', () => {
  const gradients = new Map([['w', float([3, 4], [2])]]);
  expect(clipGradients(gradients, 6)).toBe(5);
  expect([...gradients.get('w')!.data]).toEqual([3, 4]);
});

test('gradients add up and scale, all tensors alike', () => {
  const part = () =>
    new Map([
      ['a', float([1, 2], [2])],
      ['b', float([3], [1])],
    ]);
  const sum = addGradients(addGradients(undefined, part()), part());
  scaleGradients(sum, 0.25);
  expect([...sum.values()].map(({ data }) => [...data])).toEqual([[0.5, 1], [1.5]]);
});

test('gradients that are added must be of the same parameters', () => {
  const sum = new Map([['a', float([1], [1])]]);
  const more = new Map([['b', float([1], [1])]]);
  const message = 'internal: gradients of "b" appeared halfway';
  expect(() => addGradients(sum, more)).toThrow(message);
});

/** Adam as it is written down, every product and every rounding in its place. */
function plainStep(
  { p, g, m, v }: Record<'p' | 'g' | 'm' | 'v', Float32Array>,
  steps: number,
  { learningRate, beta1, beta2, eps, weightDecay, decoupled }: PlainAdam,
) {
  const correction1 = 1 - beta1 ** steps;
  const correction2 = Math.sqrt(1 - beta2 ** steps);
  const decay = Math.fround(1 - learningRate * weightDecay);
  for (let i = 0; i < p.length; i++) {
    const gradient = decoupled ? g[i] : g[i] + weightDecay * p[i];
    if (decoupled) p[i] *= decay;
    m[i] = beta1 * m[i] + (1 - beta1) * gradient;
    v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
    const deviation = Math.sqrt(v[i]) / correction2 + eps;
    p[i] -= ((learningRate / correction1) * m[i]) / deviation;
  }
}

interface PlainAdam {
  learningRate: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  decoupled: boolean;
}

test.each([
  { weightDecay: 0, decoupled: true, beta1: 0.9 },
  { weightDecay: 0.01, decoupled: true, beta1: 0.5 },
  { weightDecay: 0.01, decoupled: false, beta1: 0.9 },
])('is the plain loop to the bit: %o', (kind) => {
  const options = { learningRate: 1.41e-3, beta2: 0.999, eps: 1e-8, ...kind };
  const { learningRate, beta1, beta2, eps, weightDecay, decoupled } = options;
  const stream = randomStream(7, ['adam']);
  const drawn = (scale: number) =>
    Float32Array.from({ length: 999 }, () => scale * stream.normal());
  const start = drawn(1);
  const [p, m, v] = [start.slice(), new Float32Array(999), new Float32Array(999)];
  const parameter = float32(start, [27, 37]);
  const betas = [beta1, beta2] as const;
  const optimizer = adam({ learningRate, betas, eps, weightDecay, decoupled });
  // as large as they come, so small that their squares are 0, and signed zeros
  for (const [i, scale] of [1, 1e-3, 1e-20, 1e-30, 1e-42, 0, 1e18].entries()) {
    const g = drawn(scale);
    plainStep({ p, g, m, v }, i + 1, options);
    optimizer.step(new Map([['w', parameter]]), new Map([['w', float32(g, [27, 37])]]));
    expect(bits(parameter.data)).toEqual(bits(p));
    expect(bits(optimizer.state.first.get('w')!.data)).toEqual(bits(m));
    expect(bits(optimizer.state.second.get('w')!.data)).toEqual(bits(v));
  }
});

test('the norm is one float64 sum from the first element to the last', () => {
  const stream = randomStream(7, ['norm']);
  const parts = [3, 1000, 17].map((length) => Float32Array.from({ length }, () => stream.normal()));
  const gradients = new Map(parts.map((data, i) => [`${i}`, float32(data)]));
  let sum = 0;
  for (const data of parts) for (const x of data) sum += x * x;
  expect(gradientNorm(gradients)).toBe(Math.sqrt(sum));
});

function bits({ buffer, byteOffset, length }: Float32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}
