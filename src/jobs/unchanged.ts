import { ConfigError } from '../errors.ts';

type Settings = Readonly<Record<string, unknown>>;

/**
 * Refuses settings with which a run would not go on as it began.
 * @param then all settings that the run began with, defaults filled in
 * @param names of all settings, in the order in which they are looked at
 * @param free those that may differ
 * @throws {ConfigError} naming the first that differs, with both values
 */
export function checkSettings(
  then: Settings,
  now: Settings,
  { names, free }: { readonly names: readonly string[]; readonly free: readonly string[] },
): void {
  const told = (value: unknown) => JSON.stringify(value) ?? 'none';
  for (const name of names) {
    const [expected, actual] = [told(then[name]), told(now[name])];
    if (free.includes(name) || expected === actual) continue;
    const remedy = 'Put it back, or start a new run.';
    throw new ConfigError(name, `${expected}, with which the run began`, actual, remedy);
  }
}
