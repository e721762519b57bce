/** How a learning rate changes over a run. */
export interface Schedule {
  name: 'constant' | 'linear' | 'cosine' | 'cosineRestarts' | 'polynomial';
  /** Steps in which the rate grows linearly from 0. @default 0 */
  warmup?: number;
  /** Steps of the whole run. */
  total: number;
  /** Waves of the cosine, 0.5 falls once to 0; or number of restarts. @default 0.5, 1 for restarts */
  cycles?: number;
  /** Exponent of the polynomial. @default 1 */
  power?: number;
  /** Share of the rate at which the polynomial ends. @default 0 */
  end?: number;
}

/**
 * Factor on the learning rate at a step, counted from 0.
 * @see transformers.optimization (get_scheduler), to the last digit
 */
export function scheduleFactor(schedule: Schedule, step: number): number {
  const { name, warmup = 0, total, power = 1, end = 0 } = schedule;
  if (step < warmup) return step / Math.max(1, warmup);
  const share = (step - warmup) / Math.max(1, total - warmup);
  const wave = (phase: number) => Math.max(0, 0.5 * (1 + Math.cos(Math.PI * phase)));
  switch (name) {
    case 'constant':
      return 1;
    case 'linear':
      return Math.max(0, 1 - share);
    case 'cosine':
      return wave((schedule.cycles ?? 0.5) * 2 * share);
    case 'cosineRestarts':
      return share >= 1 ? 0 : wave(((schedule.cycles ?? 1) * share) % 1);
    case 'polynomial':
      return share > 1 ? end : (1 - end) * (1 - share) ** power + end;
  }
}
