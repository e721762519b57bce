/** How a fresh parameter is drawn: a standard deviation, a bound, or a constant. */
export type Initial =
  | { readonly normal: number }
  | { readonly uniform: number }
  | { readonly constant: number };
