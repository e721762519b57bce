/** ONNX Runtime sends what it runs to Microsoft, and keeps it in ~/.cache/Microsoft, unless it is told not to. */
export function keepQuiet(env: NodeJS.ProcessEnv): void {
  env.ORT_DISABLE_TELEMETRY ??= '1';
}
