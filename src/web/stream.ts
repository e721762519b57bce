/** Texts that come with time, as the body of an answer. Pure. */

/**
 * @param made makes the texts until its signal says that nobody listens any more
 * @param end ends all streams
 */
export function streamed(
  made: (ended: AbortSignal) => AsyncGenerator<string>,
  end: AbortSignal,
): ReadableStream<Uint8Array> {
  const left = new AbortController();
  const ended = AbortSignal.any([left.signal, end]);
  const texts = made(ended);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await texts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: () => left.abort(),
  });
}
