/** Seconds between laps, by name, and since the start. */
export function stopwatch() {
  const start = performance.now();
  const laps: Record<string, number> = {};
  let last = start;
  return {
    lap(name: string) {
      const now = performance.now();
      laps[name] = (now - last) / 1000;
      last = now;
    },
    /** What was since the last lap belongs to none. */
    skip() {
      last = performance.now();
    },
    times: (total: string) => ({ ...laps, [total]: (performance.now() - start) / 1000 }),
  };
}
