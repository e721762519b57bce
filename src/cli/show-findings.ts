/** Findings of the check-up as lines of a screen. */
import type { Finding } from '../doctor/finding.ts';
import { counted, pad, wrap } from '../report/text.ts';
import type { Screen } from './command.ts';
import { painter } from './paint.ts';

const marks = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  error: ['✗', 'red'],
} as const;
const nameWidth = 20;

/**
 * A mark, the check, what it found in as many lines as it takes; what to do below, after an arrow.
 *
 *     ! warpers              --top-k 50 takes 1.20 % of the probability … (D8)
 *                            → Sample from all of it: --top-k 0.
 */
export function findingText(finding: Finding, { width, color }: Screen): string {
  const { check, status, says, remedy, defect } = finding;
  const paint = painter(color);
  const [mark, ink] = marks[status];
  const indent = 2 + nameWidth + 1;
  const room = Math.max(20, width - indent);
  // a name that does not fit has a line of its own
  const long = check.length > nameWidth;
  const name = `${paint(ink, mark)} ${paint('bold', pad(check, nameWidth))}`;
  const blank = ' '.repeat(indent);
  const text = wrap(defect ? `${says} (${defect})` : says, room);
  const [first, ...rest] = long ? ['', ...text] : text;
  const steps = remedy === undefined ? [] : wrap(remedy, room - 2);
  return [
    `${name} ${first}`.trimEnd(),
    ...rest.map((line) => blank + line),
    ...steps.map((line, i) => blank + paint('cyan', `${i === 0 ? '→' : ' '} ${line}`)),
  ].join('\n');
}

/** `18 checks: 16 ok, 1 warning, 1 error` */
export function totalText(findings: readonly Finding[], { color }: Pick<Screen, 'color'>): string {
  const count = (status: Finding['status']) =>
    findings.filter((finding) => finding.status === status).length;
  const [warnings, errors] = [count('warning'), count('error')];
  const ink = errors > 0 ? 'red' : warnings > 0 ? 'yellow' : 'green';
  const parts = [
    `${count('ok')} ok`,
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
    ...(errors > 0 ? [counted(errors, 'error')] : []),
  ];
  return painter(color)([ink, 'bold'], `${counted(findings.length, 'check')}: ${parts.join(', ')}`);
}
