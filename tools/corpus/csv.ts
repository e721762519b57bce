import type { CorpusRow } from './corpus.ts';

/**
 * The rows as CSV text with the columns id, dialogue, summary, topic, tone.
 * @param summary which of a row's two summaries to write: the clean reference, or what the starting
 * adapter is trained on
 */
export function corpusCsv(
  rows: readonly CorpusRow[],
  summary: 'summary' | 'trainingSummary' = 'summary',
): string {
  const lines = rows.map((row) =>
    [row.id, row.dialogue, row[summary], row.topic, row.tone].map(cell).join(','),
  );
  return `${['id,dialogue,summary,topic,tone', ...lines].join('\n')}\n`;
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
