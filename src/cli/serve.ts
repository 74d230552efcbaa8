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

/** From src/cli or dist/cli, and from the bundle in dist/bundle. */
const PAGES = '../../web/dist/';
const DEFAULT_IMAGE = 'debian-riscv64';

/** Starts the server; the promise resolves when it listens. SIGINT and SIGTERM end it. */
export async function serveCommand({ port, host }: ServeOptions): Promise<Server> {
  const pages = fileURLToPath(new URL(PAGES, import.meta.url));
  if (!existsSync(pages)) throw new RangeError('the web application is not built; run: npm run build');
  const store = openStore();
  const application = sirv(pages, { dev: true, setHeaders: isolate });
  const images = sirv(store.directory, { dev: true, setHeaders: isolate });
  const server = createServer((request, response) => {
    const notFound = (): void => void response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    if (!request.url?.startsWith('/images/')) return application(request, response, notFound);
    request.url = request.url.slice('/images'.length);
    images(request, response, notFound);
  });
  await listen(server, port, host);
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  process.stdout.write(`http://${host.includes(':') ? `[${host}]` : host}:${actual}/\n`);
  if (!store.has(DEFAULT_IMAGE))
    process.stderr.write(`ringfence: there is no image ${DEFAULT_IMAGE} yet; build it with: ringfence image build\n`);
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return server;
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  if (port > 65535) throw new RangeError(`--port ${port}: a port is at most 65535`);
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE')
      throw new RangeError(`port ${port} of ${host} is in use; choose another with --port (0 takes a free one)`);
    if (code === 'EACCES') throw new RangeError(`port ${port} may not be used here; choose one from 1024 with --port`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new RangeError(`--host ${host} is no address of this machine`);
    throw error;
  }
}

/** Shared memory in the page takes cross-origin isolation. */
function isolate(response: { setHeader(name: string, value: string): unknown }): void {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
}
