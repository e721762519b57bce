import { mersenne } from 'pure-rand/generator/mersenne';

/** numpy's global generator after `numpy.random.seed(seed)`, as far as TRL draws from it. */
export interface NumpyRandom {
  /** `numpy.random.permutation(n)` */
  permutation(n: number): number[];
  /** `numpy.random.choice` of one number in [low, high), as TRL's LengthSampler draws it. */
  choice(low: number, high: number): number;
}

/** A Mersenne Twister that replays numpy's legacy streams bit for bit. */
export function numpyRandom(seed: number): NumpyRandom {
  const generator = mersenne(seed);
  // the smallest mask that covers the range, and rejection: numpy's random_interval
  const interval = (largest: number) => {
    if (largest === 0) return 0;
    const mask = 2 ** (32 - Math.clz32(largest)) - 1;
    for (;;) {
      const value = (generator.next() & mask) >>> 0;
      if (value <= largest) return value;
    }
  };
  return {
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
