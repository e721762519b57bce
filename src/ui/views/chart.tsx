/** I/O: one curve on a canvas, with its last number as text for whoever sees no canvas. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { thinned } from '../progress.ts';

interface Curve {
  readonly name: string;
  readonly curve: [number[], (number | null)[]];
}

export function Chart({ name, curve }: Curve) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const inside = place.current;
    if (!inside) return undefined;
    const made = new uPlot(optionsIn(inside), [[], []], inside);
    plot.current = made;
    const resized = new ResizeObserver(() => {
      made.setSize({ width: inside.clientWidth, height: 160 });
    });
    resized.observe(inside);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(thinned(curve, 800)), [curve]);
  const last = curve[1].findLast((value) => value !== null);
  return (
    <figure>
      <figcaption>
        {name} <output>{last?.toPrecision(4) ?? ''}</output>
      </figcaption>
      <div ref={place} aria-hidden="true" />
    </figure>
  );
}

/** Its colours are those of the page. */
function optionsIn(element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const axis = { stroke: style.color, grid: { stroke: style.getPropertyValue('--line') } };
  return {
    width: element.clientWidth,
    height: 160,
    legend: { show: false },
    scales: { x: { time: false } },
    axes: [axis, { ...axis, size: 60 }],
    series: [{}, { stroke: style.getPropertyValue('--accent'), width: 1.5 }],
  };
}
