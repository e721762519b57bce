/**
 * A document with as much of the DOM as Observable Plot asks for to draw: elements that are made, given
 * attributes and put into each other, and are written as text in the end. Pure.
 */
import { escaped } from './markup.ts';

/** What Plot takes for a document. */
export interface SvgDocument {
  readonly documentElement: SvgElement;
  createElementNS(namespace: string, name: string): SvgElement;
  createTextNode(text: string): SvgText;
}

class SvgText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return escaped(this.text);
  }
}

class SvgElement {
  readonly ownerDocument: SvgDocument;
  readonly namespaceURI: string;
  readonly tagName: string;
  childNodes: (SvgElement | SvgText)[] = [];
  readonly #attributes = new Map<string, string>();
  readonly #styles = new Map<string, string>();
  readonly style = {
    setProperty: (name: string, value: unknown) => void this.#styles.set(name, `${value}`),
    removeProperty: (name: string) => void this.#styles.delete(name),
  };

  constructor(document: SvgDocument, namespace: string, name: string) {
    this.ownerDocument = document;
    this.namespaceURI = namespace;
    this.tagName = name;
  }
  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }
  hasAttribute(name: string): boolean {
    return this.#attributes.has(name);
  }
  setAttribute(name: string, value: unknown): void {
    this.#attributes.set(name, `${value}`);
  }
  setAttributeNS(_: string, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }
  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }
  appendChild<Child extends SvgElement | SvgText>(child: Child): Child {
    this.childNodes.push(child);
    return child;
  }
  insertBefore<Child extends SvgElement | SvgText>(child: Child, next: SvgElement | null): Child {
    const place = next === null ? -1 : this.childNodes.indexOf(next);
    this.childNodes.splice(place < 0 ? this.childNodes.length : place, 0, child);
    return child;
  }
  append(...children: (SvgElement | SvgText | string)[]): void {
    for (const child of children)
      this.appendChild(typeof child === 'string' ? new SvgText(child) : child);
  }
  get textContent(): string {
    return this.childNodes
      .map((child) => (child instanceof SvgText ? child.text : child.textContent))
      .join('');
  }
  set textContent(text: string) {
    this.childNodes = [new SvgText(text)];
  }
  toString(): string {
    if (this.tagName === 'style') return ''; // the page has its own
    const styles = [...this.#styles].map(([name, value]) => `${name}:${value}`).join(';');
    // the drawing as a whole has a name; that of a group of marks is for nobody
    const isWhole = this.tagName === 'svg';
    const own = [...this.#attributes].filter(([name]) => isWhole || !name.startsWith('aria-'));
    const more = [
      ...(isWhole ? [['role', 'img']] : []),
      ...(styles === '' ? [] : [['style', styles]]),
    ];
    const attributes = [...own, ...more];
    const text = attributes.map(([name, value]) => ` ${name}="${escaped(value)}"`).join('');
    const inside = this.childNodes.join('');
    const { tagName } = this;
    return inside === '' ? `<${tagName}${text}/>` : `<${tagName}${text}>${inside}</${tagName}>`;
  }
}

export function svgDocument(): SvgDocument {
  const document: SvgDocument = {
    get documentElement() {
      return new SvgElement(document, 'http://www.w3.org/1999/xhtml', 'html');
    },
    createElementNS: (namespace, name) => new SvgElement(document, namespace, name),
    createTextNode: (text) => new SvgText(text),
  };
  return document;
}
