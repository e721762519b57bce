/** Changes fields in the text of a JSON object: all else stays as it was written, `1.0` and not `1`. Pure. */

/** A field of the outermost object: where its key and its value lie in the text. */
interface Field {
  readonly name: string;
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

/** A string, a sign, or a number or word. */
const token = /"(?:[^"\\]+|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g;

/**
 * The text of a JSON object with some fields set; a field that becomes undefined goes. New ones come
 * behind the others.
 * @param text an object; what JSON.parse has read already
 */
export function withFields(text: string, fields: Readonly<Record<string, unknown>>): string {
  const found = fieldsOf(text);
  const [first] = found;
  // what stands between two fields: a line break and the indentation, or nothing
  const between = first ? text.slice(text.indexOf('{') + 1, first.start) : '\n  ';
  const written = (value: unknown) =>
    JSON.stringify(value, null, between.includes('\n') ? 2 : undefined).replaceAll('\n', between);
  const kept = found.flatMap(({ name, start, valueStart, end }) => {
    if (!Object.hasOwn(fields, name)) return [text.slice(start, end)];
    const value = fields[name];
    return value === undefined ? [] : [text.slice(start, valueStart) + written(value)];
  });
  const names = new Set(found.map(({ name }) => name));
  const added = Object.entries(fields)
    .filter(([name, value]) => !names.has(name) && value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}: ${written(value)}`);
  const last = found.at(-1);
  const tail = last ? text.slice(last.end) : '\n}\n';
  const all = [...kept, ...added].join(`,${between}`);
  return `{${between}${all}${tail}`;
}

/** The fields of the outermost object, in their order. */
function fieldsOf(text: string): Field[] {
  const fields: Field[] = [];
  let [depth, start, valueStart, end, name] = [0, 0, 0, 0, ''];
  let isKey = true;
  for (const { 0: found, index } of text.matchAll(token)) {
    if (/^[}\]]/.test(found)) depth--;
    const isBorder = (depth === 0 && found === '}') || (depth === 1 && found === ',');
    if (isBorder && end > valueStart) fields.push({ name, start, valueStart, end });
    if (isBorder) isKey = true;
    else if (depth === 1 && isKey && found !== ':') {
      [start, name, isKey, valueStart, end] = [index, JSON.parse(found), false, 0, 0];
    } else if (depth >= 1 && (depth > 1 || found !== ':' || valueStart > 0)) {
      if (valueStart === 0) valueStart = index;
      end = index + found.length;
    }
    if (/^[{[]/.test(found)) depth++;
  }
  return fields;
}
