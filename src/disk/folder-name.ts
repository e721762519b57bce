/** Name of the folder of a job that begins now: `2026-11-22-18-30-05`, in local time. */
export function folderName(now = new Date()): string {
  const shifted = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19).replace(/[T:]/g, '-');
}
