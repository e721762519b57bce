/** Responses in the layout of RAGAS's datasets (0.4: `SingleTurnSample`). Pure. */
import type { Sample } from '../comparison.ts';

/** A line of such a file: a row of the data. */
export interface RagasRow {
  readonly user_input: string;
  /** What a response has to be faithful to: the prompt, which holds the dialogue. */
  readonly retrieved_contexts: readonly string[];
  /** The same, for the metrics of RAGAS that look for it here. */
  readonly reference_contexts: readonly string[];
  /** The first of them; the metrics of RAGAS read it alone. */
  readonly response: string;
  /** All, where there are several. */
  readonly multi_responses?: readonly string[];
  /** The first of the data's; RAGAS takes one. */
  readonly reference?: string;
}

/**
 * A line a row, in the order of the data.
 * @param references of each sample
 */
export function ragasRows(
  samples: readonly Sample[],
  references: readonly (readonly string[])[],
): RagasRow[] {
  const each = new Set(samples.map(({ sample = 0 }) => sample)).size;
  const rows = each === 0 ? 0 : samples.length / each;
  return samples.slice(0, rows).map(({ query, response }, i) => {
    const responses = samples.flatMap((other, j) => (j % rows === i ? [other.response] : []));
    const [reference] = references[i] ?? [];
    return {
      user_input: query,
      retrieved_contexts: [query],
      reference_contexts: [query],
      response,
      ...(responses.length > 1 && { multi_responses: responses }),
      ...(reference !== undefined && { reference }),
    };
  });
}

/**
 * JSON Lines in ASCII: RAGAS opens the file in the encoding of the machine, which on Windows is not
 * UTF-8.
 */
export function ragasLines(rows: readonly RagasRow[]): string {
  return rows.map((row) => `${ascii(JSON.stringify(row))}\n`).join('');
}

function ascii(json: string): string {
  return json.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
