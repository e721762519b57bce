/** Settings of several runs beside each other. Pure. */

type Settings = Readonly<Record<string, unknown>>;

export interface SettingRow {
  readonly name: string;
  /** Of each run; undefined where it has none. */
  readonly values: readonly unknown[];
  readonly differs: boolean;
}

/** All settings of these runs by name. */
export function settingRows(configs: readonly Settings[]): SettingRow[] {
  const names = new Set(configs.flatMap((config) => Object.keys(config)));
  return [...names].toSorted().map((name) => {
    const values = configs.map((config) => config[name]);
    const texts = new Set(values.map((value) => JSON.stringify(value)));
    return { name, values, differs: texts.size > 1 };
  });
}
