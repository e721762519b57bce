/** Times, memory and the machine that they belong to. I/O. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

const megabyte = 2 ** 20;

/** What the numbers were measured on. */
export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / megabyte),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
}

/**
 * Seconds of `count` calls, after one that does not count (the first run allocates), and seconds
 * that all cores together worked: those hardly depend on what else the machine does.
 * @returns both lists, and what the last call gave
 */
export async function repeat(count, call) {
  let result = await call();
  const [seconds, cpuSeconds] = [[], []];
  for (let i = 0; i < count; i++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    result = await call();
    const { user, system } = process.cpuUsage(before);
    seconds.push((performance.now() - start) / 1000);
    cpuSeconds.push((user + system) / 1e6);
  }
  return { seconds, cpuSeconds, result };
}

/** One line of a bench's answer: the smallest and the middle one of some numbers. */
export function measure(name, unit, numbers) {
  const minimum = Math.min(...numbers);
  return { name, unit, minimum, median: medianOf(numbers), count: numbers.length };
}

/** The middle one of some numbers. */
export function medianOf(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Watches the process's memory; `peak` gives the largest values since the last call, in MB. */
export function watchMemory(interval = 20) {
  let most = memory();
  const look = () => {
    const now = memory();
    most = Object.fromEntries(Object.keys(now).map((key) => [key, Math.max(most[key], now[key])]));
  };
  const timer = setInterval(look, interval);
  timer.unref();
  return {
    peak() {
      look();
      const peak = most;
      most = memory();
      return Object.fromEntries(
        Object.entries(peak).map(([key, bytes]) => [key, Math.round(bytes / megabyte)]),
      );
    },
    stop: () => clearInterval(timer),
  };
}

/** Bytes in memory; where there is /proc also how many are the process's own, and a file's. */
function memory() {
  if (process.platform !== 'linux') return { rss: process.memoryUsage.rss() };
  const [rss, anonymous, mapped] = statusOf('VmRSS', 'RssAnon', 'RssFile');
  return { rss, anonymous, mapped };
}

/** The most memory that the process had since its start, in MB. */
export function peakMemory() {
  const [rss] =
    process.platform === 'linux' ? statusOf('VmHWM') : [process.resourceUsage().maxRSS * 1024];
  return { rss: Math.round(rss / megabyte) };
}

/** Bytes that the kernel tells of this process. */
function statusOf(...names) {
  const status = readFileSync('/proc/self/status', 'utf8');
  const kilobytes = (name) =>
    Number(status.match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))?.[1] ?? 0);
  return names.map((name) => 1024 * kilobytes(name));
}
