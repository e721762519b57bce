/** What a curve is worth where the pointer is. */
import { find } from './dom.ts';

type Spot = readonly [x: number, y: number, step: number, value: number];

const svgNamespace = 'http://www.w3.org/2000/svg';

/** Shows step and value of the point nearest to the pointer. */
export function followPointer(figure: HTMLElement): void {
  const spots: readonly Spot[] = JSON.parse(find('script', figure).textContent ?? '[]');
  const svg = find<SVGSVGElement>('svg', figure);
  const output = find<HTMLOutputElement>('output', figure);
  const digits = Number(figure.dataset.digits);
  const circle = document.createElementNS(svgNamespace, 'circle');
  circle.setAttribute('class', 'spot');
  circle.setAttribute('r', '4.5');
  svg.addEventListener('pointermove', ({ clientX }) => {
    const { left, top, width } = svg.getBoundingClientRect();
    const scale = width / svg.viewBox.baseVal.width;
    const x = (clientX - left) / scale;
    const [first, ...others] = spots;
    if (!first) return;
    const nearer = (a: Spot, b: Spot) => (Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a);
    const [px, py, step, value] = others.reduce(nearer, first);
    circle.setAttribute('cx', `${px}`);
    circle.setAttribute('cy', `${py}`);
    svg.append(circle);
    output.textContent = `${step}: ${value.toFixed(digits).replace('-', '−')}`;
    const frame = figure.getBoundingClientRect();
    output.style.left = `${left - frame.left + px * scale}px`;
    output.style.top = `${top - frame.top + py * scale}px`;
  });
  svg.addEventListener('pointerleave', () => {
    circle.remove();
    output.textContent = '';
  });
}
