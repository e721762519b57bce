/** What may be wider than the screen: it scrolls by itself, by keyboard too. */
import type { ComponentChildren } from 'preact';

interface WideProps {
  /** What it is, for whoever hears it. */
  readonly label: string;
  readonly children: ComponentChildren;
}

export function Wide({ label, children }: WideProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls it
    <section class="wide" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
