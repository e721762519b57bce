/** What MLflow takes: its names, lengths, and how much at once. Pure. */

/** Characters of a name; of a setting's value. Both are what every server takes. */
const longestName = 250;
const longestValue = 6000;
/** Of a request MLflow takes 1 MB, 1000 metrics or 100 parameters; a few tags go beside. */
const mostBytes = 800_000;
export const mostMetrics = 900;
export const mostParameters = 100;

export interface Parameter {
  readonly key: string;
  readonly value: string;
}

/** A name as MLflow takes it: letters, digits, `_`, `-`, `.`, blanks, and `/` between parts. */
export function metricKey(name: string): string {
  const parts = name.replace(/[^\p{L}\p{N}_/.\- ]/gu, '_').split('/');
  const named = parts.filter((part) => part !== '').map((part) => part.replace(/^\.+$/, '_'));
  return [...named.join('/')].slice(0, longestName).join('').replace(/\/$/, '') || '_';
}

/** Settings one by one, those of a group as `group.setting`, what is no text as JSON. */
export function parametersOf(settings: Readonly<Record<string, unknown>>): Parameter[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    if (value === undefined || value === null) return [];
    if (typeof value === 'object' && !Array.isArray(value)) {
      const inner = parametersOf(value as Readonly<Record<string, unknown>>);
      return inner.map((one) => ({ ...one, key: metricKey(`${name}.${one.key}`) }));
    }
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return [{ key: metricKey(name), value: cut(text) }];
  });
}

function cut(text: string): string {
  return text.length <= longestValue ? text : `${text.slice(0, longestValue - 1)}…`;
}

/** In order, so many of them and so many bytes at once. */
export function chunksOf<T>(items: readonly T[], most: number): T[][] {
  const chunks: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    const last = chunks.at(-1);
    if (last === undefined || last.length === most || bytes + size > mostBytes) {
      chunks.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return chunks;
}
