import { displayWidth, duration, oneLine } from '../report/text.ts';
import type { Output } from './io.ts';
import { type Paint, painter } from './paint.ts';

/** How far a phase is. */
export interface ProgressUpdate {
  readonly phase: string;
  readonly done: number;
  /** 0 when it is not known. */
  readonly total: number;
  /** What matters now, for instance `kl 0.12 · reward 1.84 · toxic 31 %`. */
  readonly status?: string;
  /** A look in passing: it leaves no line, and the phase that it interrupts comes back. @default false */
  readonly passing?: boolean;
}

/** Progress on a terminal or in a log. A phase ends when it is full or another one begins. */
export interface Progress {
  update(update: ProgressUpdate): void;
  /** A line of text, above the bar. */
  note(text: string): void;
  /** Takes the bar off the screen, so that others can write; the next update draws it again. */
  clear(): void;
  /** Ends the phase, wherever it is. */
  close(): void;
}

export interface ProgressOptions {
  readonly stream: Output;
  /** `bar`: one line a phase, redrawn; `lines`: a plain line now and then. */
  readonly mode: 'bar' | 'lines' | 'none';
  /** Milliseconds. */
  now(): number;
  /** @default false */
  readonly color?: boolean;
  /** Least time between two drawings of a bar, in milliseconds. @default 80 */
  readonly redraw?: number;
  /** Least time between two plain lines, in milliseconds. @default 5000 */
  readonly interval?: number;
}

interface Phase extends ProgressUpdate {
  /** Time and place of its first update: the rate counts from there. */
  readonly startTime: number;
  readonly startDone: number;
  /** When it was last shown. */
  shownAt: number;
  /** The latest numbers are on the screen. */
  shown: boolean;
}

const barWidth = 24;
const leastBar = 6;

export function createProgress(options: ProgressOptions): Progress {
  const { stream, mode, now, color = false, redraw = 80, interval = 5000 } = options;
  const paint = painter(color);
  let phase: Phase | undefined;
  /** Where phases began that another one interrupted. */
  const interrupted = new Map<string, Pick<Phase, 'startTime' | 'startDone'>>();

  const show = (current: Phase, ended: boolean) => {
    const time = now();
    if (mode === 'bar') {
      const width = Math.max(20, (stream.columns || 80) - 1);
      stream.write(`\r\x1b[2K${barLine(current, { time, width, paint, ended })}`);
    } else {
      stream.write(`${plainLine(current, time, ended)}\n`);
    }
    Object.assign(current, { shownAt: time, shown: true });
  };
  const wait = mode === 'bar' ? redraw : interval;
  /** What goes by. */
  let passing: Phase | undefined;
  const clear = () => {
    if ((phase ?? passing) === undefined || mode !== 'bar') return;
    stream.write('\r\x1b[2K');
    if (phase) phase.shown = false;
  };
  const pass = (update: ProgressUpdate) => {
    const time = now();
    const shownAt = mode === 'bar' ? Number.NEGATIVE_INFINITY : time;
    passing = {
      startTime: time,
      startDone: update.done,
      shownAt,
      ...passing,
      ...update,
      shown: false,
    };
    if (isFull(passing)) {
      clear();
      passing = undefined;
      if (phase && mode === 'bar') show(phase, false);
    } else if (time - passing.shownAt >= wait) show(passing, false);
  };
  const close = () => {
    if (phase === undefined) return;
    const ended = isFull(phase);
    if (!phase.shown) show(phase, ended);
    if (mode === 'bar') stream.write('\n');
    phase = undefined;
  };
  /** For another phase: one that has not moved yet leaves no line behind. */
  const leave = ({ phase: name, done, startDone, startTime }: Phase) => {
    if (done !== startDone) {
      interrupted.set(name, { startTime, startDone });
      return close();
    }
    clear();
    phase = undefined;
  };
  return {
    update(update) {
      if (mode === 'none') return;
      if (update.passing) return pass(update);
      passing = undefined;
      if (phase !== undefined && phase.phase !== update.phase) leave(phase);
      const time = now();
      const first = phase === undefined;
      phase = {
        startTime: time,
        startDone: update.done,
        shownAt: mode === 'bar' ? Number.NEGATIVE_INFINITY : time,
        ...interrupted.get(update.phase),
        ...phase,
        ...update,
        shown: false,
      };
      const full = isFull(phase);
      if (full || time - phase.shownAt >= wait || (first && mode === 'bar')) show(phase, full);
      if (!full) return;
      interrupted.delete(update.phase);
      close();
    },
    note(text) {
      if (mode === 'none') return;
      clear();
      stream.write(`${text}\n`);
      if (phase !== undefined && mode === 'bar') show(phase, false);
    },
    clear,
    close,
  };
}

function isFull({ done, total }: ProgressUpdate): boolean {
  return total > 0 && done >= total;
}

interface BarOptions {
  readonly time: number;
  readonly width: number;
  readonly paint: Paint;
  readonly ended: boolean;
}

/** `training  ━━━━━━━━────────  24/40  1.2/s  13 s left  kl 0.12 · reward 1.84` */
function barLine(phase: Phase, { time, width, paint, ended }: BarOptions): string {
  const { phase: name, done, total, status = '' } = phase;
  const count = countOf(phase);
  const used = (parts: readonly string[]) =>
    parts.filter(Boolean).reduce((sum, part) => sum + displayWidth(part) + 2, -2);
  const title = name.padEnd(14);
  const sizeBeside = (times: string) => width - used([title, count, times, status]) - 2;
  const all = timesOf(phase, time, ended);
  // with little room the rate goes first, then the bar, then the time that is left
  const choices = [all.join('  '), all.at(-1) ?? ''];
  const times =
    choices.find((some) => total > 0 && sizeBeside(some) >= leastBar) ??
    choices.find((some) => used([title, count, some]) <= width) ??
    '';
  const size = total > 0 ? Math.min(barWidth, sizeBeside(times)) : 0;
  const parts = [ended ? paint('green', title) : paint('bold', title)];
  if (size >= leastBar) {
    const filled = Math.round((size * Math.min(done, total)) / total);
    const bar = paint(ended ? 'green' : 'cyan', '━'.repeat(filled));
    parts.push(bar + paint('dim', '─'.repeat(size - filled)));
  }
  const room = width - used([title, count, times]) - 2 - (size >= leastBar ? size + 2 : 0);
  parts.push(count, times && paint('dim', times), cut(oneLine(status), room));
  return parts.filter(Boolean).join('  ');
}

/** `training 24/40 (60 %), 1.2/s, 13 s left, kl 0.12 · reward 1.84` */
function plainLine(phase: Phase, time: number, ended: boolean): string {
  const { phase: name, done, total, status = '' } = phase;
  const share = total > 0 ? ` (${Math.floor((100 * done) / total)} %)` : '';
  const head = `${name} ${countOf(phase)}${share}`;
  return [head, ...timesOf(phase, time, ended), oneLine(status)].filter(Boolean).join(', ');
}

function countOf({ done, total }: Phase): string {
  return total > 0 ? `${done}/${total}` : `${done}`;
}

/** Rate and time left, or the time that it all took. */
function timesOf(phase: Phase, time: number, ended: boolean): string[] {
  const seconds = (time - phase.startTime) / 1000;
  if (ended) return [duration(seconds)];
  const rate = (phase.done - phase.startDone) / seconds;
  if (!(rate > 0) || !Number.isFinite(rate)) return [];
  const perSecond = rate >= 1 ? `${figures(rate)}/s` : `${figures(1 / rate)} s each`;
  if (phase.total === 0) return [perSecond];
  const left = (phase.total - phase.done) / rate;
  return [perSecond, `${left < 10 ? `${Math.ceil(left)} s` : duration(left)} left`];
}

/** Two or three significant figures without an exponent. */
function figures(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}

function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width < 4) return '';
  return `${[...text].slice(0, width - 1).join('')}…`;
}
