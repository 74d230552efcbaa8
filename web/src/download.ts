/** Fetches a file whole, with one copy of it in memory. Interface: download. */

/** Where the server does not say how long the file is. */
const FIRST_GUESS_BYTES = 16 * 1024 * 1024;

/** Throws with what to do when the file is not there. `onProgress` has a total of 0 where the length is unknown. */
export async function download(
  url: string,
  onProgress: (done: number, total: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) {
    const why = response.status === 404 ? 'it is not there' : `the server answered ${response.status}`;
    throw new Error(`The image ${url} cannot be fetched: ${why}. Build it with: ringfence image build`);
  }
  // A compressed answer is longer than it says once it is unpacked.
  const isPlain = response.headers.get('content-encoding') === null;
  const total = isPlain ? Number(response.headers.get('content-length') ?? 0) : 0;
  let bytes = new Uint8Array(total > 0 ? total : FIRST_GUESS_BYTES);
  let done = 0;
  const reader = response.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const chunk = read.value;
    if (done + chunk.length > bytes.length) {
      const grown = new Uint8Array(Math.max(done + chunk.length, bytes.length * 2));
      grown.set(bytes.subarray(0, done));
      bytes = grown;
    }
    bytes.set(chunk, done);
    done += chunk.length;
    onProgress(done, total);
  }
  if (done < total) throw new Error(`The image ${url} came only in part (${done} of ${total} bytes). Reload the page.`);
  return bytes.subarray(0, done);
}
