/**
 * Charts as SVG, drawn by Observable Plot in no browser: the only file that imports it. Colours are the
 * page's variables, so that one drawing serves light and dark. `npm run build` puts the library inside.
 */
import {
  axisX,
  axisY,
  dot,
  gridX,
  gridY,
  hexagon,
  hexbin,
  line,
  link,
  plot,
  rectY,
  ruleX,
  ruleY,
  text,
  windowY,
} from '@observablehq/plot';
import { svgDocument } from './svg-document.ts';

/** Numbers over steps. */
export interface Curve {
  /** What a screen reader says in the place of the drawing. */
  readonly label: string;
  readonly xLabel: string;
  /** Of every training step. */
  readonly line: readonly Point[];
  /** Measured in between, on what is held out. */
  readonly dots: readonly Point[];
  readonly marks: readonly Mark[];
}

export type Point = readonly [x: number, y: number];

/** Something that happened at a step. */
export interface Mark {
  readonly step: number;
  /** A sign or two, above the chart. */
  readonly sign: string;
}

/** A drawing, and where its points are in it: x and y in its own units. */
export interface Drawing {
  readonly svg: string;
  readonly spots: readonly (readonly [x: number, y: number, step: number, value: number])[];
}

const small = { width: 360, height: 190 };
const quiet = { stroke: 'var(--rule)', strokeOpacity: 1 };
const axis = { tickSize: 0, tickPadding: 6, fill: 'var(--muted)' };
/** Steps over which a mean is drawn, where there are enough of them. */
const smoothed = 9;

/** Everything that charts have in common. */
function draw(options: Parameters<typeof plot>[0]): ReturnType<typeof plot> {
  const document = svgDocument() as never;
  return plot({ document, className: 'chart', style: { fontSize: '11' }, ...options });
}

/** A line over the steps, its moving mean where there are many, and what happened. */
export function curveChart({ label, xLabel, line: points, dots, marks }: Curve): Drawing {
  const many = points.length >= 4 * smoothed;
  const [x, y] = [0, 1].map((i) => (point: Point) => point[i]);
  const drawn = draw({
    ...small,
    ...{ marginLeft: 44, marginRight: 12, marginTop: 20, marginBottom: 30, ariaLabel: label },
    x: { label: null, insetLeft: 4, insetRight: 4 },
    y: { label: null, nice: true, insetTop: 2 },
    marks: [
      gridY({ ticks: 4, ...quiet }),
      axisY({ ticks: 4, ...axis }),
      axisX({
        ticks: 5,
        ...axis,
        label: xLabel,
        labelAnchor: 'right',
        labelArrow: 'none',
        tickFormat: whole,
      }),
      ruleX(marks, { x: 'step', stroke: 'var(--mark)', strokeDasharray: '3 3', strokeWidth: 1.25 }),
      text(marks, {
        ...{ x: 'step', text: 'sign', frameAnchor: 'top', dy: -14 },
        ...{ fill: 'var(--mark)', fontWeight: 700 },
      }),
      line(points, {
        x,
        y,
        stroke: 'var(--after)',
        strokeWidth: many ? 1 : 1.75,
        strokeOpacity: many ? 0.35 : 1,
      }),
      ...(many
        ? [line(points, windowY({ k: smoothed, x, y, stroke: 'var(--after)', strokeWidth: 2 }))]
        : []),
      line(dots, { x, y, stroke: 'var(--held)', strokeWidth: 1.5 }),
      dot(dots, { x, y, r: 2.5, fill: 'var(--held)' }),
    ],
  });
  const [toX, toY] = [drawn.scale('x'), drawn.scale('y')];
  const spots = (points.length > 0 ? points : dots).map(
    ([step, value]) => [pixel(toX?.apply(step)), pixel(toY?.apply(value)), step, value] as const,
  );
  return { svg: `${drawn}`, spots };
}

function whole(step: number): string {
  return Number.isInteger(step) ? `${step}` : '';
}

function pixel(place: number | undefined): number {
  return Math.round(10 * (place ?? 0)) / 10;
}

export interface Distribution {
  readonly label: string;
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Ends of what is shown; @default the data's */
  readonly range?: Point;
  /** Whether the numbers are whole: no bar is narrower than one of them. */
  readonly whole?: boolean;
}

/** Shares of samples by value: before as bars, after as an outline. */
export function distributionChart({
  label,
  before,
  after,
  range,
  whole: isWhole,
}: Distribution): string {
  const all = [...before, ...after];
  const low = range?.[0] ?? all.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = range?.[1] ?? all.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const width = binWidth(high - low, isWhole);
  const first = Math.floor(low / width) * width;
  const n = Math.max(1, Math.ceil((high - first) / width + (isWhole ? 1e-9 : 0)));
  const bins = (values: readonly number[]) => {
    const counts = new Array<number>(n).fill(0);
    for (const value of values)
      counts[Math.min(n - 1, Math.max(0, Math.floor((value - first) / width)))]++;
    return counts.map((count, i) => ({
      x1: first + i * width,
      x2: first + (i + 1) * width,
      share: count / Math.max(1, values.length),
    }));
  };
  const outline = bins(after).flatMap(({ x1, x2, share }) => [
    [x1, share] as const,
    [x2, share] as const,
  ]);
  const closed = [[first, 0] as const, ...outline, [first + n * width, 0] as const];
  return `${draw({
    ...small,
    ...{ marginLeft: 40, marginRight: 12, marginTop: 8, marginBottom: 24, ariaLabel: label },
    x: { label: null },
    y: { label: null, percent: true },
    marks: [
      gridY({ ticks: 4, ...quiet }),
      axisY({ ticks: 4, ...axis, tickFormat: (share: number) => `${share} %` }),
      axisX({ ticks: 5, ...axis }),
      rectY(bins(before), {
        x1: 'x1',
        x2: 'x2',
        y: 'share',
        fill: 'var(--before-fill)',
        inset: 0.5,
      }),
      line(closed, { x: ([x]) => x, y: ([, y]) => y, stroke: 'var(--after)', strokeWidth: 2 }),
      ruleY([0], { stroke: 'var(--axis)' }),
    ],
  })}`;
}

/** About 20 bars, each as wide as a number that people like. */
function binWidth(extent: number, isWhole = false): number {
  const wanted = extent / 20 || 1;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const nice = power * ([1, 2, 2.5, 5, 10].find((times) => times * power >= wanted) ?? 10);
  return isWhole ? Math.max(1, Math.ceil(nice)) : nice;
}

/** A number with its interval. */
export interface Interval {
  readonly name: string;
  /** The number in words, at the end of the line. */
  readonly text: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly tone: 'better' | 'worse' | 'changed' | 'open';
}

/** A forest plot: a line an interval, with 0 marked. */
export function intervalChart(label: string, intervals: readonly Interval[]): string {
  const rows = intervals.map((one, i) => ({ ...one, row: i, color: `var(--${one.tone})` }));
  const ends = rows.flatMap(({ low, high }) => [low, high]).filter(Number.isFinite);
  const domain = [Math.min(0, ...ends), Math.max(0, ...ends)];
  if (domain[0] === domain[1]) domain[1] = 1;
  return `${draw({
    ...{ width: small.width, height: 44 * rows.length + 34, ariaLabel: label },
    ...{ marginLeft: 8, marginRight: 8, marginTop: 4, marginBottom: 24 },
    x: { domain, label: null, insetLeft: 6, insetRight: 6, nice: true },
    y: { domain: [-0.5, rows.length - 0.5], reverse: true, axis: null },
    marks: [
      gridX({ ticks: 5, ...quiet }),
      axisX({ ticks: 5, ...axis }),
      ruleX([0], { stroke: 'var(--axis)' }),
      text(rows, {
        y: 'row',
        text: 'name',
        frameAnchor: 'left',
        dy: -9,
        fill: 'var(--ink)',
        stroke: 'var(--card)',
        strokeWidth: 4,
      }),
      text(rows, {
        y: 'row',
        text: 'text',
        frameAnchor: 'right',
        dy: -9,
        fill: 'color',
        fontWeight: 600,
        stroke: 'var(--card)',
        strokeWidth: 4,
      }),
      link(rows, {
        x1: 'low',
        x2: 'high',
        y1: at(9),
        y2: at(9),
        stroke: 'color',
        strokeWidth: 2.5,
        strokeLinecap: 'round',
      }),
      dot(rows, {
        x: 'mean',
        y: at(9),
        r: 4,
        fill: 'color',
        stroke: 'var(--card)',
        strokeWidth: 1.5,
      }),
    ],
    color: { type: 'identity' },
  })}`;
}

/** The row's line, so many units below its middle. */
function at(below: number) {
  return ({ row }: { readonly row: number }) => row + below / 44;
}

export interface Scatter {
  readonly label: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly points: readonly Point[];
  /** Names of the quarters, from the upper right against the clock. */
  readonly quarters: readonly [string, string, string, string];
}

/** Above so many points they are counted in hexagons. */
const mostDots = 1500;

/** Points around 0, with the four quarters named. */
export function scatterChart({ label, xLabel, yLabel, points, quarters }: Scatter): string {
  const [x, y] = [0, 1].map((i) => (point: Point) => point[i]);
  const corners = (['top-right', 'top-left', 'bottom-left', 'bottom-right'] as const).map(
    (frameAnchor, i) =>
      text([quarters[i]], {
        ...{ frameAnchor, text: (words: string) => words, fontWeight: 600, fill: 'var(--muted)' },
        ...{
          dx: frameAnchor.endsWith('right') ? -4 : 4,
          dy: frameAnchor.startsWith('top') ? 4 : -4,
        },
        ...{ stroke: 'var(--card)', strokeWidth: 5 },
      }),
  );
  const many = points.length > mostDots;
  return `${draw({
    ...{ width: 440, height: 400, ariaLabel: label },
    ...{ marginLeft: 48, marginRight: 12, marginTop: 20, marginBottom: 40 },
    x: { label: xLabel, labelAnchor: 'center', labelArrow: 'none', inset: 10, nice: true },
    y: { label: yLabel, labelAnchor: 'top', labelArrow: 'none', inset: 10, nice: true },
    marks: [
      gridX({ ticks: 6, ...quiet }),
      gridY({ ticks: 6, ...quiet }),
      axisX({ ticks: 6, ...axis, labelOffset: 36 }),
      axisY({ ticks: 6, ...axis }),
      ruleX([0], { stroke: 'var(--axis)' }),
      ruleY([0], { stroke: 'var(--axis)' }),
      many
        ? hexagon(
            points,
            hexbin({ r: 'count' }, { x, y, binWidth: 12, fill: 'var(--after)', fillOpacity: 0.75 }),
          )
        : dot(points, { x, y, r: 2.75, fill: 'var(--after)', fillOpacity: 0.45 }),
      ...corners,
    ],
  })}`;
}
