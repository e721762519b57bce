import type { Algorithm } from '../algorithm.ts';
import type { Rows } from '../masked.ts';

/** TRL estimates over padded rows: what it whitens of the padding leaks into the rewards of real tokens. */
export function overPadding(own: Algorithm['estimate']): Algorithm['estimate'] {
  return (experience, config) => {
    const lengths = experience.rewards.map((row) => row.length);
    const wide = (rows: Rows) => rows.map((row) => padded(row, Math.max(...lengths)));
    const cut = (rows: Rows) => rows.map((row, i) => row.slice(0, lengths[i]));
    const { samples, masks, rewards, values } = experience;
    const shaped = { samples, masks: wide(masks), rewards: wide(rewards), values: wide(values) };
    const { advantages, critic } = own(shaped, config);
    return {
      advantages: cut(advantages),
      ...(critic && { critic: { values: cut(critic.values), returns: cut(critic.returns) } }),
    };
  };
}

function padded(row: Float32Array, width: number): Float32Array {
  const wide = new Float32Array(width);
  wide.set(row);
  return wide;
}
