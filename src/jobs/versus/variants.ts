/** The runs of a comparison of semantics: which there are, and what sets each apart. Pure. */
import { ConfigError } from '../../errors.ts';
import { type Correction, correctionNames } from '../../rl/trl/corrections.ts';
import { isIdle } from '../../rl/trl/idle.ts';
import { checkTogether, DetoxConfig, rlConfigOf } from '../detox/config.ts';

/** One of the runs. */
export interface Variant {
  /** Its folder, within that of all. */
  readonly name: string;
  /** What its settings have over those of all. */
  readonly over: Pick<DetoxConfig, 'compat' | 'without'>;
  /** The correction that is left out alone, if one is. */
  readonly without?: Correction;
}

/** What the others are held against: all corrections on. */
export const plainName = 'default';

/**
 * With all corrections, then with TRL's semantics; with `ablate` each correction left out alone as
 * well, but for those that make no difference with these settings.
 * @throws {ConfigError} when the settings do not go with TRL's semantics, or have chosen some already
 */
export function variantsOf(config: DetoxConfig, { ablate }: { ablate: boolean }): Variant[] {
  checkOpen(config);
  const rl = rlConfigOf(config);
  const active = correctionNames.filter((name) => !isIdle(name, rl));
  const variants: Variant[] = [
    { name: plainName, over: { compat: 'none', without: [] } },
    { name: 'trl-0.8.0', over: { compat: 'trl-0.8.0', without: [] } },
    ...(ablate ? active : []).map((without) => ({
      name: `without-${without}`,
      over: { compat: 'none' as const, without: [without] },
      without,
    })),
  ];
  for (const variant of variants) checkFits(config, variant);
  return variants;
}

/** Corrections that make no difference with these settings. */
export function idleCorrections(config: DetoxConfig): Correction[] {
  const rl = rlConfigOf(config);
  return correctionNames.filter((name) => isIdle(name, rl));
}

/** The settings of one of the runs. All train to the end, unless guards were asked for. */
export function settingsOf(config: DetoxConfig, { over }: Variant): DetoxConfig {
  return { ...config, guards: config.guards ?? 'warn', ...over };
}

function checkOpen({ compat, without }: DetoxConfig): void {
  const expected = 'not given beside `versus`, which runs both ways';
  const remedy = 'Leave it out.';
  if (compat !== 'none') throw new ConfigError('`compat`', expected, compat, remedy);
  if (without.length > 0) throw new ConfigError('`without`', expected, without.join(), remedy);
}

/** Such as an algorithm that TRL 0.8.0's semantics are not for. */
function checkFits(config: DetoxConfig, variant: Variant): void {
  const result = DetoxConfig.superRefine(checkTogether).safeParse(settingsOf(config, variant));
  if (result.success) return;
  const [{ path, message }] = result.error.issues;
  throw new ConfigError(
    '`versus`',
    `settings that fit the run ${variant.name}`,
    `others (\`${path.join('.')}\`: ${message})`,
  );
}
