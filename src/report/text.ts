/** Numbers and texts for people: signs, widths, wrapping. Pure. */
import type { MemoryEstimate, ParameterCount } from '../events.ts';

/** Fixed digits with a true minus sign. */
export function fixed(value: number, digits: number): string {
  return value
    .toFixed(digits)
    .replace('-', '−')
    .replace(/^−(0(\.0*)?)$/, '$1');
}

/** Like `fixed`, but a number above 0 has its plus. */
export function signed(value: number, digits: number): string {
  const text = fixed(value, digits);
  return /^[0.]*$/.test(text) || text.startsWith('−') ? text : `+${text}`;
}

/** `4.3 %` */
export function percent(share: number, digits = 1): string {
  const least = 0.5 * 10 ** -(digits + 2); // less would be shown as 0
  return share > 0 && share < least ? `${tiny(100 * share)} %` : `${fixed(100 * share, digits)} %`;
}

/** `1.2e-7`, `−0.031`, `0`: two figures. */
export function tiny(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return `${value}`;
  const small = Math.abs(value) < 1e-3;
  const text = small ? value.toExponential(1) : `${Number(value.toPrecision(2))}`;
  return text.replace(/^-/, '−');
}

/** `a, b and c` */
export function list(parts: readonly string[]): string {
  const [last] = parts.slice(-1);
  return parts.length < 2 ? (last ?? '') : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** `p < 0.001` or `p = 0.034`. */
export function pText(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`;
}

/** Thousands apart: 3,538,944. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 prompt`, `60 prompts`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `52 s`, `9 min 30 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${seconds < 10 ? seconds.toFixed(1) : whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `2.6 GB`, `340 MB`; decimal. */
export function byteText(bytes: number): string {
  if (bytes > 0 && bytes < 0.5e6) return `${fixed(Math.max(bytes, 1e5) / 1e6, 1)} MB`;
  return bytes < 0.95e9 ? `${grouped(Math.round(bytes / 1e6))} MB` : `${fixed(bytes / 1e9, 1)} GB`;
}

/** `about 2.6 GB (training 1.1 GB, weights 1.0 GB, …)`: the largest parts that make up most of it, and where. */
export function memoryText({ total, parts, rough, where }: MemoryEstimate): string {
  const sorted = Object.entries(parts).sort(([, a], [, b]) => b - a);
  const told = sorted.filter(([, bytes]) => bytes >= 0.1 * total);
  const list = told.map(([name, bytes]) => `${name} ${byteText(bytes)}`);
  const rest = told.length < sorted.length ? ', …' : '';
  const size = `${rough ? 'roughly' : 'about'} ${byteText(total)}`;
  return `${size}${where ? ` ${where}` : ''} (${list.join(', ')}${rest})`;
}

/** One bar a number, lowest to highest; at most `width` bars, the numbers spread evenly. */
export function sparkline(values: readonly number[], width = 60): string {
  const shown = spread(values, width).filter(Number.isFinite);
  const low = shown.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = shown.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const level = (x: number) => (high > low ? Math.round((7 * (x - low)) / (high - low)) : 3);
  return shown.map((x) => '▁▂▃▄▅▆▇█'[level(x)]).join('');
}

/** At most `limit` of the items, evenly spaced, with the first and the last. */
export function spread<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items];
  const stride = (items.length - 1) / (limit - 1);
  return Array.from({ length: limit }, (_, i) => items[Math.round(i * stride)]);
}

/** The texts without the lines that all of them start and end with: a prompt's instruction. */
export function withoutSharedLines(texts: readonly string[]): string[] {
  const lines = texts.map((text) => text.trim().split('\n'));
  const shortest = lines.reduce(
    (least, { length }) => Math.min(least, length),
    Number.POSITIVE_INFINITY,
  );
  const shared = (at: number) => lines.every((one) => one.at(at) === lines[0].at(at));
  let [start, end] = [0, 0];
  if (texts.length > 1) {
    while (start < shortest - 1 && shared(start)) start++;
    while (start + end < shortest - 1 && shared(-1 - end)) end++;
  }
  return lines.map((one) => one.slice(start, one.length - end).join('\n'));
}

const wide =
  /\p{Emoji_Presentation}|\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u;
const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one character. The segmenter is made late: that takes 20 ms. */
function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** Terminal columns that a text without line breaks takes: 2 for CJK and emoji, 0 for marks. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes(text)) width += graphemeWidth(segment);
  return width;
}

function graphemeWidth(grapheme: string): number {
  if (invisible.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}

/** The text in one line; control characters (escape sequences of a hostile text) become blanks. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

/** At most `limit` lines of at most `width` columns; what does not fit ends in `…`. */
export function wrap(text: string, width: number, limit = Number.POSITIVE_INFINITY): string[] {
  const lines = [''];
  for (const word of oneLine(text).split(' ')) {
    const line = lines[lines.length - 1];
    const joined = line === '' ? word : `${line} ${word}`;
    if (displayWidth(joined) <= width) lines[lines.length - 1] = joined;
    else if (line === '') lines.splice(-1, 1, ...broken(word, width));
    else lines.push(...broken(word, width));
  }
  if (lines.length <= limit) return lines;
  return [...lines.slice(0, limit - 1), `${cut(lines[limit - 1], width - 1)}…`];
}

/** As much of the text as fits into `width` columns. */
function cut(text: string, width: number): string {
  return displayWidth(text) <= width ? text : broken(text, width)[0];
}

/** A word too long for a line, in pieces. */
function broken(word: string, width: number): string[] {
  const pieces = [''];
  let used = 0;
  for (const { segment } of graphemes(word)) {
    const columns = graphemeWidth(segment);
    if (used > 0 && used + columns > width) {
      pieces.push('');
      used = 0;
    }
    pieces[pieces.length - 1] += segment;
    used += columns;
  }
  return pieces;
}

/** Padded with blanks to `width` columns. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'right'): string {
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return side === 'left' ? blanks + text : text + blanks;
}

/** `3538944 of 251116800 (1.41 %)`, in plain digits for comparing with other tools. */
export function countText({ trainable, all }: ParameterCount): string {
  return `${trainable} of ${all} (${((100 * trainable) / all).toFixed(2)} %)`;
}
