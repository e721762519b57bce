/** How far a long transfer is. Pure but for the clock. */

/** One transfer under way. */
export interface DownloadProgress {
  /** `google/flan-t5-base: model.safetensors` */
  readonly what: string;
  /** Bytes so far, those of an earlier try included. */
  readonly done: number;
  /** Bytes in all; undefined when it is not known. */
  readonly total: number | undefined;
  /** Over the last seconds; 0 when nothing has come yet. */
  readonly bytesPerSecond: number;
  /** At that speed; undefined when it cannot be told. */
  readonly secondsLeft: number | undefined;
}

/** Milliseconds: reports are this far apart, and the speed is that of so long. */
const interval = 100;
const memory = 5_000;

/**
 * Turns counts of bytes into reports: the first, the last, and some in between.
 * @param total bytes in all, when known
 * @returns is told the bytes so far
 */
export function meter(
  what: string,
  total: number | undefined,
  report: (progress: DownloadProgress) => void,
): (done: number) => void {
  const samples: { time: number; done: number }[] = [];
  return (done) => {
    const time = performance.now();
    const last = samples.at(-1);
    if (last && time - last.time < interval && done !== total) return;
    samples.push({ time, done });
    while (samples.length > 2 && time - samples[0].time > memory) samples.shift();
    const [first] = samples;
    const seconds = (time - first.time) / 1000;
    const bytesPerSecond = seconds > 0 ? (done - first.done) / seconds : 0;
    const known = total !== undefined && bytesPerSecond > 0;
    const secondsLeft = known ? (total - done) / bytesPerSecond : undefined;
    report({ what, done, total, bytesPerSecond, secondsLeft });
  };
}
