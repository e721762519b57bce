/** Texts that come with time, as the body of an answer. Pure. */

/**
 * @param made makes the texts until its signal says that nobody listens any more
 * @param end ends all streams
 */
export function streamed(
  made: (ended: AbortSignal) => AsyncGenerator<string>,
  end: AbortSignal,
): ReadableStream<Uint8Array> {
  const ending = new AbortController();
  const finish = () => {
    end.removeEventListener('abort', finish);
    ending.abort();
  };
  end.addEventListener('abort', finish);
  if (end.aborted) finish();
  const texts = made(ending.signal);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await texts.next();
        if (!done) return controller.enqueue(encoder.encode(value));
        controller.close();
        finish();
      } catch (error) {
        finish();
        throw error;
      }
    },
    cancel: finish,
  });
}
