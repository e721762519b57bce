/** How messages about data write numbers and texts. Pure. */

/** `12,460` */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 row`, `12,460 rows` */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** In quotes, and not more than fits a line. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}
