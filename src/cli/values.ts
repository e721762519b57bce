/** Objects of settings. */
export type Values = Record<string, unknown>;

/** Values by their place in the options. */
export function nest(entries: Iterable<readonly [readonly string[], unknown]>): Values {
  const root: Values = {};
  for (const [path, value] of entries) {
    let at = root;
    for (const key of path.slice(0, -1)) {
      at[key] ??= {};
      at = at[key] as Values;
    }
    at[path[path.length - 1]] = value;
  }
  return root;
}

/** `over` on top of `under`, objects merged field by field. */
export function merge(under: Readonly<Values>, over: Readonly<Values>): Values {
  const merged: Values = { ...under };
  for (const [key, value] of Object.entries(over)) {
    merged[key] = isObject(value) && isObject(merged[key]) ? merge(merged[key], value) : value;
  }
  return merged;
}

/** Whether it is an object with fields. */
export function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
