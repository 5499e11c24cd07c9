/** Regroups bytes into pieces of `size` bytes; the last one may be smaller. */
export async function* inPieces(bytes: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let chunks: Uint8Array[] = [];
  let length = 0;
  for await (let chunk of bytes) {
    while (length + chunk.length >= size) {
      const rest = size - length;
      yield Buffer.concat([...chunks, chunk.subarray(0, rest)], size);
      chunk = chunk.subarray(rest);
      [chunks, length] = [[], 0];
    }
    if (chunk.length > 0) chunks.push(chunk);
    length += chunk.length;
  }
  if (length > 0) yield Buffer.concat(chunks, length);
}
