/**
 * `ringfence serve`: the web application and the images of the store over HTTP. Interface: serveCommand.
 * Only GET; only loopback unless told otherwise.
 */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';
import { openStore } from '../image/store-node.ts';

export interface ServeOptions {
  readonly port: number;
  readonly host: string;
}

/** Starts the server; the promise resolves when it listens. */
export async function serveCommand({ port, host }: ServeOptions): Promise<Server> {
  const pages = fileURLToPath(new URL('../../web/dist/', import.meta.url));
  if (!existsSync(pages)) throw new Error(`the web application is not built: ${pages} is missing; run npm run build`);
  const application = sirv(pages, { dev: true, setHeaders: isolate });
  const images = sirv(openStore().directory, { dev: true, setHeaders: isolate });
  const server = createServer((request, response) => {
    const notFound = (): void => void response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    if (!request.url?.startsWith('/images/')) return application(request, response, notFound);
    request.url = request.url.slice('/images'.length);
    images(request, response, notFound);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  process.stdout.write(`http://${host.includes(':') ? `[${host}]` : host}:${actual}/\n`);
  return server;
}

/** Shared memory in the page takes cross-origin isolation. */
function isolate(response: { setHeader(name: string, value: string): unknown }): void {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
}
