/** I/O: lines on a canvas: drawn when they are in sight, in the colours that the page has now. */
import uPlot from 'uplot';
import { type Stretch, thinned } from '../curves.ts';
import { shortNumber } from '../format.ts';
import type { Line } from '../history.ts';
import { inTurn, noMore } from './turns.ts';

/** A line, and how it looks. */
export interface Drawn {
  readonly name: string;
  readonly line: Line;
  /** Which of the page's colours. */
  readonly color: number;
  readonly dashed: boolean;
}

/** A step at which something happened. */
export interface Mark {
  readonly step: number;
  readonly severe: boolean;
}

export interface Picture {
  readonly drawn: readonly Drawn[];
  readonly marks: readonly Mark[];
  /** Missing for all steps. */
  readonly stretch?: Stretch | undefined;
}

export interface Told {
  /** The step that the mouse points at, here and not in another plot. */
  readonly at: (step: number | undefined) => void;
  /** What was drawn a frame around; undefined for all steps. */
  readonly chosen: (stretch: Stretch | undefined) => void;
}

export interface Plot {
  draw(picture: Picture): void;
  /** Moves the cursor to a step, and tells nobody. */
  point(step: number): void;
  destroy(): void;
}

/** Colours of lines: `--line-0` and so on. */
export const colors = 8;
const height = 180;
const wholeSteps = [0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));

/** A plot inside an element, made when it is first in sight. */
export function plotIn(element: HTMLElement, first: Picture, told: Told): Plot {
  let picture = first;
  let plot: uPlot | undefined;
  let [inSight, isLate, isMoving] = [false, true, false];
  const at = (step: number | undefined) => {
    if (!isMoving && (step === undefined || element.matches(':hover'))) told.at(step);
  };
  const made = () => {
    const options = optionsIn(element, first.drawn, { ...told, at }, () => picture.marks);
    return new uPlot(options, [[]], element);
  };
  element.addEventListener('mouseleave', () => at(undefined));
  const show = () => {
    isLate = false;
    const { drawn, stretch } = picture;
    const lines = drawn.map(({ line }) => thinned(line, pointsIn(element), stretch));
    const tables = lines.map(({ steps, values }): uPlot.AlignedData => [steps, values]);
    const there = plot ?? made();
    plot = there;
    there.batch(() => {
      there.setData(uPlot.join(tables), !stretch);
      if (stretch) there.setScale('x', { min: stretch.from, max: stretch.to });
    });
  };
  const seen = (entries: readonly IntersectionObserverEntry[]) => {
    inSight = entries.at(-1)?.isIntersecting ?? false;
    if (inSight && isLate) inTurn(show);
  };
  const sight = new IntersectionObserver(seen, { rootMargin: '200px' });
  sight.observe(element);
  const resized = new ResizeObserver(() => {
    plot?.setSize({ width: element.clientWidth, height });
  });
  resized.observe(element);
  const theme = matchMedia('(prefers-color-scheme: dark)');
  const repaint = () => plot?.redraw(true, true);
  theme.addEventListener('change', repaint);
  return {
    draw(next) {
      picture = next;
      isLate = true;
      if (inSight) inTurn(show);
    },
    point(step) {
      if (!plot) return;
      isMoving = true;
      plot.setCursor({ left: plot.valToPos(step, 'x'), top: height / 2 });
      isMoving = false;
    },
    destroy() {
      noMore(show);
      sight.disconnect();
      resized.disconnect();
      theme.removeEventListener('change', repaint);
      plot?.destroy();
    },
  };
}

/** As many points as the eye can tell apart. */
function pointsIn(element: HTMLElement): number {
  return Math.max(200, element.clientWidth);
}

function optionsIn(
  element: HTMLElement,
  drawn: readonly Drawn[],
  told: Told,
  marks: () => readonly Mark[],
): uPlot.Options {
  const ink = (name: string) => () => getComputedStyle(element).getPropertyValue(name);
  const axis: uPlot.Axis = {
    stroke: ink('--quiet'),
    grid: { stroke: ink('--line'), width: 1 },
    ticks: { stroke: ink('--line'), width: 1 },
  };
  const labels = (_: uPlot, values: number[]) => values.map(shortNumber);
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    scales: { x: { time: false } },
    axes: [
      { ...axis, incrs: wholeSteps, size: 32 },
      { ...axis, size: 64, values: labels },
    ],
    series: [
      {},
      ...drawn.map(({ color, dashed }) => ({
        stroke: ink(`--line-${color % colors}`),
        width: 1.75,
        points: { show: dashed },
        ...(dashed && { dash: [6, 4] }),
      })),
    ],
    cursor: {
      y: false,
      sync: { key: 'steps', scales: ['x', null] },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      bind: {
        dblclick: () => () => {
          told.chosen(undefined);
          return null;
        },
      },
    },
    hooks: {
      setCursor: [
        ({ cursor: { left = -1 }, posToVal }) => {
          if (left >= 0) told.at(Math.round(posToVal(left, 'x')));
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          const [from, to] = [left, left + width].map((at) => plot.posToVal(at, 'x'));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          told.chosen({ from, to });
        },
      ],
      draw: [(plot) => drawMarks(plot, marks(), ink)],
    },
  };
}

/** A line from top to bottom at each marked step, a thick one where it was severe. */
function drawMarks(plot: uPlot, marks: readonly Mark[], ink: (name: string) => () => string): void {
  const { ctx, bbox, scales } = plot;
  const { min = 0, max = 0 } = scales.x ?? {};
  ctx.save();
  for (const { step, severe } of marks) {
    if (step < (min ?? 0) || step > (max ?? 0)) continue;
    const x = Math.round(plot.valToPos(step, 'x', true));
    ctx.strokeStyle = ink(severe ? '--bad' : '--warn')();
    ctx.lineWidth = (severe ? 2.5 : 1.5) * devicePixelRatio;
    ctx.setLineDash(severe ? [] : [4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
