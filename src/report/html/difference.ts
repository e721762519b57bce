/** Two texts as one, with what went and what came marked. Pure. */
import { difference } from '../../difference.ts';
import { html, type Markup } from './markup.ts';

export function differenceMarkup(before: string, after: string): Markup {
  const parts = difference(before, after).map(({ kind, text }) => {
    if (kind === 'gone') return html`<del>${text}</del>`;
    return kind === 'new' ? html`<ins>${text}</ins>` : text;
  });
  return html`<span class="difference" dir="auto">${parts}</span>`;
}
