/** Numbers as the page shows them. Pure. */

/** With so many decimals and a true minus sign; nothing where there is none. */
export function fixed(value: number | undefined, decimals = 3): string {
  if (value === undefined) return '';
  return value
    .toFixed(decimals)
    .replace('-', '−')
    .replace(/^−(0(\.0*)?)$/, '$1');
}

/** A change, with its sign. */
export function signed(change: number, decimals = 3): string {
  const text = fixed(change, decimals);
  return /^[0.]*$/.test(text) || text.startsWith('−') ? text : `+${text}`;
}
