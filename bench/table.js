/** Tables of an answer: its key, and the title over the names of the rows. */
const titles = {
  rates: 'speed',
  arithmetic: 'matrix products',
  ratios: 'baseline',
  decodePerToken: 'decode, ms a token',
  gradientPerToken: 'forward + backward, ms a token',
  memoryMb: 'peak memory, MB',
};

/** A bench's answer for people. */
export function tableOf({ bench, machine: on, engine, setting, measures = [], text, ...tables }) {
  if (text !== undefined) return text.join('\n');
  const settings = Object.entries(setting).map(([name, value]) => `${name} ${value}`);
  return [
    [bench, settings.join(', ')].filter(Boolean).join(': '),
    [`${on.cpu}, ${on.cores} cores, ${on.memoryMb} MB, node ${on.node}`, engine]
      .filter(Boolean)
      .join('; '),
    ...measureLines(measures),
    ...Object.entries(tables).flatMap(([key, rows]) => tableLines(titles[key], rows)),
  ].join('\n');
}

function measureLines(measures) {
  if (measures.length === 0) return [];
  return [
    '',
    line('', ['minimum', 'median', 'n']),
    ...measures.map(({ name, unit, minimum, median, count }) =>
      line(`${name}, ${unit}`, [digits(minimum), digits(median), count]),
    ),
  ];
}

function tableLines(title, rows) {
  const columns = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))];
  const cells = (row) => columns.map((column) => (column in row ? digits(row[column]) : ''));
  return [
    '',
    line(title, columns),
    ...Object.entries(rows).map(([name, row]) => line(name, cells(row))),
  ];
}

function line(name, cells) {
  return `${name.padEnd(30)}${cells.map((cell) => String(cell).padStart(13)).join('')}`;
}

/** Three significant digits; whole numbers as they are. */
function digits(value) {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
