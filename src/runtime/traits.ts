/** Where an engine may compute. */
export const devices = ['cpu', 'webgpu', 'cuda'] as const;
/** Name of a device. */
export type Device = (typeof devices)[number];

/** What matrix products are computed in. */
export const precisions = ['bf16', 'f32'] as const;
/** Name of a precision. */
export type Precision = (typeof precisions)[number];

/**
 * Of which the widths of attention are multiples. In less than float32 the last bit of a sum decides how a
 * probability is rounded, and a sum over whole vectors is the same however many zeros of padding lie behind: so a row has
 * the same bits whoever shares its run.
 */
export function widthStep(precision: Precision): number {
  return precision === 'f32' ? 1 : 16;
}

/** What others may know of an engine: they ask these, never its description. */
export interface EngineTraits {
  /** The library and its version, for instance `onnxruntime 1.30.0`. */
  readonly library: string;
  readonly device: Device;
  /** What matrix products are computed in. */
  readonly precision: Precision;
  /** Whose memory runs take: that of this process, of workers, or a device's own, of a size that nobody tells. */
  readonly memory: 'process' | 'workers' | 'device';
  /**
   * Whether each session has weights for itself, mapped and rearranged, and its inputs, and keeps what
   * its largest run took.
   */
  readonly apart: boolean;
}
