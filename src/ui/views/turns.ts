/** I/O: drawing in turns of a few milliseconds a frame, so that the page answers however much there is. */

const waiting = new Set<() => void>();
/** Milliseconds of a frame. */
const turn = 4;
let isAwake = false;

/** Does this in one of the next frames; what waits already is not done twice. */
export function inTurn(work: () => void): void {
  waiting.add(work);
  if (isAwake) return;
  isAwake = true;
  requestAnimationFrame(go);
}

export function noMore(work: () => void): void {
  waiting.delete(work);
}

function go(): void {
  const until = performance.now() + turn;
  for (const work of waiting) {
    waiting.delete(work);
    work();
    if (performance.now() > until) break;
  }
  isAwake = waiting.size > 0;
  if (isAwake) requestAnimationFrame(go);
}
