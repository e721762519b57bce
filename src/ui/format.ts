/** Numbers as people read them. Pure. */

/** Four digits, with a minus sign that is one; nothing for what is not there. */
export function shortNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return '';
  const size = Math.abs(value);
  const text =
    value === 0 || (size >= 1e-4 && size < 1e6)
      ? String(Number(value.toPrecision(4)))
      : value.toExponential(2);
  return text.replace(/^-/, '−');
}

/** `2 h 05 min`, `3 min 20 s`, `12 s` */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const two = (number: number) => String(number).padStart(2, '0');
  if (hours > 0) return `${hours} h ${two(minutes)} min`;
  return minutes > 0 ? `${minutes} min ${two(rest)} s` : `${rest} s`;
}

/** `812 MB`, `1.4 GB` */
export function bytes(count: number): string {
  return count < 1e9 ? `${Math.round(count / 1e6)} MB` : `${(count / 1e9).toFixed(1)} GB`;
}

/** A time as the reader's clock has it: `2026-11-29 12:30`. */
export function clock(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16).replace('T', ' ');
}

/** A setting as text: words as they are, all else as JSON. */
export function settingText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A model by its name: of a folder anywhere on the disk the last two parts. */
export function shortPath(path: string): string {
  const isAbsolute = /^([/\\]|[a-z]:)/i.test(path);
  return isAbsolute ? path.split(/[/\\]/).filter(Boolean).slice(-2).join('/') : path;
}
