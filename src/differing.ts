/** Settings of several runs beside each other. Pure. */

type Settings = Readonly<Record<string, unknown>>;

/** The settings that there are in the job of each run; undefined where nobody knows. */
export type KnownSettings = readonly (ReadonlySet<string> | undefined)[];

export interface SettingRow {
  readonly name: string;
  /** Of each run; undefined where it has none. */
  readonly values: readonly unknown[];
  /** Whether the job of each run has no such setting. */
  readonly strange: readonly boolean[];
  /** Among those runs whose job has it. */
  readonly differs: boolean;
}

/** All settings of these runs, in the order in which they first come. */
export function settingRows(configs: readonly Settings[], known: KnownSettings = []): SettingRow[] {
  const names = new Set(configs.flatMap((config) => Object.keys(config)));
  return [...names].map((name) => {
    const values = configs.map((config) => config[name]);
    const strange = values.map((value, i) => value === undefined && known[i]?.has(name) === false);
    const texts = values.flatMap((value, i) => (strange[i] ? [] : [JSON.stringify(value)]));
    return { name, values, strange, differs: new Set(texts).size > 1 };
  });
}

export function byName(rows: readonly SettingRow[]): SettingRow[] {
  return rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
