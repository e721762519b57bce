import { describe, expect, test } from 'vitest';
import { adam } from '../../src/model/optimizer.ts';
import {
  LearnerNumbers,
  type LearnerState,
  restoreTensors,
  stateTensors,
} from '../../src/rl/learner-state.ts';
import { float32 } from '../../src/tensor.ts';

const memory: LearnerNumbers = {
  updates: 3,
  adamSteps: { 'v_head.weight': 2 },
  klCoef: 0.1 + 0.2,
  moments: { mean: -1 / 3, std: Math.SQRT2, variance: 2, count: 1e-24 },
  drawn: 7,
};

/** Two parameters, and an optimizer that has taken some steps on one of them. */
function learnt(steps: number) {
  const parameters = new Map([
    ['v_head.weight', float32([1, 2], [1, 2])],
    ['q.lora_A', float32([3], [1])],
  ]);
  const optimizer = adam({ learningRate: 0.1 });
  const learning = new Map([['v_head.weight', parameters.get('v_head.weight')!]]);
  const gradients = new Map([['v_head.weight', float32([1, -1], [1, 2])]]);
  for (let i = 0; i < steps; i++) optimizer.step(learning, gradients);
  const save = (): LearnerState => {
    const adamSteps = Object.fromEntries(optimizer.state.steps);
    const tensors = stateTensors(parameters, optimizer.state);
    return { steps, memory: { ...memory, adamSteps }, tensors };
  };
  return { parameters, optimizer, save };
}

test('tensors of a state have names that say what they are, and shapes', () => {
  const { tensors } = learnt(1).save();
  expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
    ['parameter.v_head.weight', [1, 2]],
    ['parameter.q.lora_A', [1]],
    ['adam.first.v_head.weight', [1, 2]],
    ['adam.second.v_head.weight', [1, 2]],
  ]);
  const numbers = (name: string) => tensors.get(name)!.data;
  expect(numbers('parameter.v_head.weight')).toBeAllClose([0.9, 2.1], { atol: 1e-6 });
  expect(numbers('adam.first.v_head.weight')).toBeAllClose([0.1, -0.1], { atol: 1e-7 });
  expect(numbers('adam.second.v_head.weight')).toBeAllClose([1e-3, 1e-3], { atol: 1e-9 });
});

test('a state is a copy, and so is what is restored from it', () => {
  const learner = learnt(1);
  const state = learner.save();
  learner.parameters.get('q.lora_A')!.data[0] = 9;
  learner.optimizer.state.first.get('v_head.weight')!.data[0] = 9;
  expect(state).toEqual(learnt(1).save());
  const other = learnt(0);
  restoreTensors(state, other.parameters, other.optimizer.state);
  other.parameters.get('q.lora_A')!.data[0] = 9;
  other.optimizer.state.first.get('v_head.weight')!.data[0] = 9;
  expect(state).toEqual(learnt(1).save());
});

test.each([
  { name: 'an earlier state', from: 3, to: 1 },
  { name: 'a later one', from: 1, to: 3 },
  { name: 'the start, which has no moments', from: 2, to: 0 },
])('what follows a restored state is what followed there: $name', ({ from, to }) => {
  const [learner, expected] = [learnt(from), learnt(to)];
  restoreTensors(expected.save(), learner.parameters, learner.optimizer.state);
  expect(learner.parameters).toEqual(expected.parameters);
  expect(learner.optimizer.state).toEqual(expected.optimizer.state);
});

describe('a state of another model is refused, and nothing is changed', () => {
  const remedy = 'The state is of another model.';
  test.each([
    {
      name: 'one that lacks a parameter',
      change: (tensors: LearnerState['tensors']) => tensors.delete('parameter.q.lora_A'),
      message: `state: parameter "q.lora_A": expected [1], got none. ${remedy}`,
    },
    {
      name: 'one that has a parameter more',
      change: (tensors: LearnerState['tensors']) => tensors.set('parameter.b', float32([1])),
      message: `state: parameter "b": expected none, got [1]. ${remedy}`,
    },
    {
      name: 'one whose parameter has another shape',
      change: (tensors: LearnerState['tensors']) =>
        tensors.set('parameter.v_head.weight', float32([1, 2], [2, 1])),
      message: `state: parameter "v_head.weight": expected [1,2], got [2,1]. ${remedy}`,
    },
  ])('$name', ({ change, message }) => {
    const state = learnt(2).save();
    change(state.tensors);
    const { parameters, optimizer, save } = learnt(1);
    const call = () => restoreTensors(state, parameters, optimizer.state);
    expect(call).toThrow(message);
    expect(save()).toEqual(learnt(1).save());
  });
});

describe('the memory', () => {
  test('survives JSON to the last bit, with a calibration and without', () => {
    const calibration = { n: 2, mean: 0.1 + 0.7, std: 1e-300 };
    for (const each of [memory, { ...memory, calibration }])
      expect(LearnerNumbers.parse(JSON.parse(JSON.stringify(each)))).toEqual(each);
  });

  test.each([
    { updates: -1 },
    { drawn: 0.5 },
    { adamSteps: { w: -1 } },
    { klCoef: null },
    { moments: { mean: 0 } },
    { moments: { ...memory.moments, sum: 1 } },
    { calibration: { mean: 0 } },
    { calibration: { n: 2, mean: 0, std: 1, max: 3 } },
    { seed: 1 },
  ])('is refused with %j', (wrong) => {
    expect(LearnerNumbers.safeParse({ ...memory, ...wrong }).success).toBe(false);
  });
});
