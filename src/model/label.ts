import { ConfigError, didYouMean } from '../errors.ts';

/**
 * A label that a classifier does not have.
 * @param where the setting that names it
 * @param remedy what to do where no label is near
 */
export function unknownLabel(
  where: string,
  name: string,
  labels: readonly string[],
  remedy = '',
): ConfigError {
  const known = labels.map((label) => `"${label}"`).join(', ');
  const expected = labels.length > 1 ? `one of ${known}` : `${known}, the only label`;
  return new ConfigError(`\`${where}\``, expected, `"${name}"`, didYouMean(name, labels) || remedy);
}
