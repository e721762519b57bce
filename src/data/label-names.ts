/** Labels of the data under the names that somebody gives them. Pure. */
import { ConfigError, didYouMean } from '../errors.ts';
import { plain, quoted } from './classes.ts';
import type { LabelledText } from './labelled.ts';

/** Labels that a message names. */
const named = 5;

/**
 * The texts with some labels renamed, all at once; their class ids in the data then count no more.
 * @param names `label=name` each, with the labels in any spelling of `asClasses`
 * @throws {ConfigError} when a label is not in the data, or has two names
 */
export function renamedLabels(
  texts: readonly LabelledText[],
  names: readonly string[],
): LabelledText[] {
  const labels = [...new Set(texts.map(({ label }) => label))];
  const renamed = new Map<string, string>();
  for (const pair of names) {
    const [told, name] = pair.split(/=(.*)/s).map((part) => part.trim());
    const label = labels.includes(told) ? told : plain(told);
    if (!labels.includes(label)) {
      const some = quoted(labels.slice(0, named)) + (labels.length > named ? ' …' : '');
      const expected = `a label of the data, one of ${some}`;
      throw new ConfigError('`labelNames`', expected, `"${told}"`, didYouMean(told, labels));
    }
    const before = renamed.get(label);
    if (before !== undefined) {
      const actual = `"${told}" as "${before}" and as "${name}"`;
      throw new ConfigError('`labelNames`', 'each label once', actual);
    }
    renamed.set(label, name);
  }
  return texts.map((one) => {
    const label = renamed.get(one.label);
    return label === undefined ? one : { text: one.text, label };
  });
}
