/** Returns the lines of a stream of bytes, as they come. */
export function linesOf(stream: ReadableStream<Uint8Array>): ReadableStream<string> {
  const text = stream.pipeThrough(
    new TextDecoderStream() as TransformStream<Uint8Array, string>,
  );
  return text.pipeThrough(new TextLineStream());
}

/** Text in, its lines out. */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let held = "";
    super({
      transform(text, controller) {
        const lines = (held + text).split("\n");
        held = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
    });
  }
}
