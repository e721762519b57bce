import { mersenne } from 'pure-rand/generator/mersenne';

/** numpy's global generator after `numpy.random.seed(seed)`, as far as TRL draws from it. */
export interface NumpyRandom {
  /** 32-bit words drawn so far: all of its state beside the seed. */
  readonly position: number;
  /** `numpy.random.permutation(n)` */
  permutation(n: number): number[];
  /** `numpy.random.choice` of one number in [low, high), as TRL's LengthSampler draws it. */
  choice(low: number, high: number): number;
}

/** A Mersenne Twister that replays numpy's legacy streams bit for bit, from `start` on. */
export function numpyRandom(seed: number, start = 0): NumpyRandom {
  const generator = mersenne(seed);
  for (let i = 0; i < start; i++) generator.next();
  let position = start;
  const next = () => {
    position++;
    return generator.next();
  };
  // the smallest mask that covers the range, and rejection: numpy's random_interval
  const interval = (largest: number) => {
    if (largest === 0) return 0;
    const mask = 2 ** (32 - Math.clz32(largest)) - 1;
    for (;;) {
      const value = (next() & mask) >>> 0;
      if (value <= largest) return value;
    }
  };
  return {
    get position() {
      return position;
    },
    permutation(n) {
      const order = Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = interval(i);
        [order[i], order[j]] = [order[j], order[i]];
      }
      return order;
    },
    choice: (low, high) => low + interval(high - low - 1),
  };
}
