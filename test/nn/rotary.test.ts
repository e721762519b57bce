import { expect, test } from 'vitest';
import { rotate, rotationAt } from '../../src/nn/rotary.ts';
import { int64, type Tensor } from '../../src/tensor.ts';
import { goldenTensors } from '../golden.ts';
import { numbers, runGraph } from '../graph/run.ts';

// ModernBertRotaryEmbedding and apply_rotary_pos_emb of transformers 5.24.0
const golden = await goldenTensors('families', 'modernbert', 'layers.safetensors');
const thetas = { full_attention: 160_000, sliding_attention: 10_000 };
const positions = 8192;
const size = 8;

test.each(Object.entries(thetas))(
  'turns queries and keys as transformers: %s',
  async (kind, theta) => {
    const turned = await runGraph(
      (graph) => {
        const places = graph.input('places', 'int64', ['time']);
        const rotation = rotationAt(places, { theta, size, positions });
        const states = (name: string) => graph.input(name, 'float32', ['batch', 2, 'time', size]);
        const turned = (name: string) => rotate(states(name), rotation);
        return { 'turned query': turned('query'), 'turned key': turned('key') };
      },
      {
        places: int64([0, 1, 2, 3, 4, 5, 6, 7, 8]),
        query: golden.get('query')!,
        key: golden.get('key')!,
      },
    );
    const expected = (name: string) => numbers(golden.get(`${kind}.${name}`)!);
    expect(turned['turned query'].data).toBeAllClose(expected('query'), { atol: 1e-6 }); // float32 sums of two products
    expect(turned['turned key'].data).toBeAllClose(expected('key'), { atol: 1e-6 });
  },
);

test.each(Object.entries(thetas))(
  'far places too have the angles of PyTorch: %s',
  async (kind, theta) => {
    const { cos, sin } = await runGraph((graph) => ({
      ...rotationAt(graph.integers([0, 1, 100, 1000, 8191]), { theta, size, positions }),
    }));
    const half = ({ data }: Tensor) => data as Float32Array;
    // transformers has each angle twice, once for each half of a head
    const once = (name: string) =>
      numbers(golden.get(`${kind}.${name}`)!).filter((_, i) => i % size < size / 2);
    // a last place of a theta's power is 6e-8 of an angle of up to 8191
    expect(half(cos)).toBeAllClose(once('cos'), { atol: 6e-4 });
    expect(half(sin)).toBeAllClose(once('sin'), { atol: 6e-4 });
  },
);
