import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];
export type Paint = (format: Format, text: string) => string;

/** styleText without its look at the standard output of this process: `color` alone decides. */
export function painter(color: boolean): Paint {
  const style = styleText as (
    format: Format,
    text: string,
    options: { validateStream: boolean },
  ) => string;
  return (format, text) => (color ? style(format, text, { validateStream: false }) : text);
}
