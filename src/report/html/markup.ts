/** HTML in which no text can be taken for markup. Pure. */

/** HTML that is safe as it is. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: texts are escaped, nothing stands for nothing. */
export type Content = Markup | string | number | false | undefined | readonly Content[];

/** A template whose values are escaped, in element content and in quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...values.map(textOf)));
}

function textOf(value: Content): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(textOf).join('');
  return escaped(`${value}`);
}

/** Characters that mean something in HTML and XML, in elements and in attributes, mean themselves. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** JSON inside a `<script type="application/json">`: with `<` written otherwise, nothing in it ends the element. */
export function jsonMarkup(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

/** A chart. What is text in it has been escaped where it was drawn. */
export function drawing(svg: string): Markup {
  return new Markup(`<div class="drawing">${svg}</div>`);
}
