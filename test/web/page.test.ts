/** `ringfence serve` and its page in a real browser. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { detectFpHost } from '../../src/cpu/fp/fp-host.ts';
import { nodeWasm } from '../../src/host/node/wasm.ts';
import { runUnderQemu } from '../agreement/qemu.ts';
import { buildCli, buildWeb } from '../support/cli.ts';
import { compile, requireTool } from '../support/tools.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PATIENCE_MS = 40_000;
/** For a program without a C library. */
const SMALL = ['-nostdlib', '-ffreestanding', '-fno-math-errno', '-fno-stack-protector', '-s', '-Wl,--build-id=none'];
const directory = mkdtempSync(join(tmpdir(), 'ringfence-web-'));

let cli: string;
let server: ChildProcess;
let address: string;

beforeAll(async () => {
  // Beside each other as in the repository, where the command line looks for the pages.
  mkdirSync(join(directory, 'dist'));
  cli = await buildCli(join(directory, 'dist/cli'));
  await buildWeb(join(directory, 'web/dist'));
  ({ server, address } = await serve());
});
afterAll(() => {
  server.kill();
  rmSync(directory, { recursive: true, force: true });
});

describe('ringfence serve', () => {
  it('says so when the port is in use', () => {
    const { status, stderr } = run('serve', '--port', new URL(address).port);
    expect(stderr).toMatch(/^ringfence: port \d+ of 127\.0\.0\.1 is in use; choose another with --port/);
    expect(status).toBe(125);
  });

  it('tells how it is used', () => {
    const { status, stdout } = run('serve', '--help');
    expect(stdout).toMatch(/--port <PORT>.*\n.*--host <ADDRESS>/);
    expect(status).toBe(0);
  });

  it('isolates its pages, and gives nothing outside of them', async () => {
    const page = await fetch(address);
    expect(page.headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(page.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    for (const path of [
      'images/../package.json',
      '%2e%2e/package.json',
      'images/%2e%2e%2f%2e%2e%2fetc/passwd',
      'images/none.rfi',
    ])
      expect((await fetch(address + path)).status).toBe(404);
  });

  it('ends with Ctrl-C', async () => {
    const second = await serve();
    await fetch(second.address);
    const ended = new Promise((resolve) => second.server.once('exit', (code, signal) => resolve({ code, signal })));
    second.server.kill('SIGINT');
    expect(await ended).toEqual({ code: 0, signal: null });
  });
});

describe('the page', () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    requireTool('chromium');
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
  });
  afterEach(() => page.close());
  afterAll(() => browser.close());

  /** What the terminal tells a screen reader. */
  const rows = async (): Promise<string> =>
    (await page.locator('.xterm-accessibility-tree > div').allTextContents())
      .map((row) => row.replaceAll('\u00a0', ' ').trimEnd())
      .join('\n');

  async function open(query = ''): Promise<void> {
    page = await browser.newPage();
    await page.goto(address + query);
  }

  async function seen(pattern: RegExp): Promise<void> {
    await expect.poll(rows, { timeout: PATIENCE_MS, interval: 100 }).toMatch(pattern);
  }

  it('runs a shell', async () => {
    await open();
    await seen(/root@ringfence:~#/);
    expect(await page.getByRole('status').textContent()).toBe('Running');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.keyboard.type('ls /\n');
    await seen(/^bin .*\bdev\b.*\busr\b/ms);
    await page.keyboard.type('echo one two three | tr a-z A-Z | wc -w; echo ä€\n');
    await seen(/\n3\nä€\n/);
    // The page stays responsive, and Ctrl-C gets through, while a program floods the screen.
    await page.keyboard.type('yes\n');
    await seen(/^y\ny\ny\ny\n/m);
    const before = Date.now();
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(Date.now() - before).toBeLessThan(1000);
    await page.keyboard.press('Control+c');
    await seen(/\^C\n+root@ringfence:~#/);
    if (process.env['RINGFENCE_SCREENSHOT']) await page.screenshot({ path: process.env['RINGFENCE_SCREENSHOT'] });
    // The size follows the window.
    await page.setViewportSize({ width: 600, height: 400 });
    await page.keyboard.type('until [ $(tput cols) -lt 80 ]; do :; done; clear; stty size\n');
    await seen(/^\d\d [4-7]\d\n/m);
    await page.keyboard.type('exit 3\n');
    await expect
      .poll(() => page.getByRole('status').textContent(), { timeout: PATIENCE_MS })
      .toBe('The program ended with status 3.');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('restart');
  });

  it.each([
    { engine: 'this engine', rejects: false },
    { engine: 'an engine without relaxed SIMD', rejects: true },
  ])('translates floating point, on $engine', async ({ rejects }) => {
    const program = join(directory, 'fp');
    compile('riscv64', [join(import.meta.dirname, 'fp.c')], program, SMALL);
    const base64 = readFileSync(program, 'base64');
    const command = `echo ${base64} | base64 -d > /tmp/fp; chmod +x /tmp/fp; /tmp/fp`;
    page = await browser.newPage({ viewport: { width: 1000, height: 2400 } });
    await page.route(/worker.*\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: watchModules(rejects) + (await response.text()) });
    });
    await page.goto(`${address}?stats&command=${encodeURIComponent(command)}`);
    await expect
      .poll(() => page.getByRole('status').textContent(), { timeout: PATIENCE_MS })
      .toBe('The program ended with status 0.');
    await seen(/^instructions .*\n +translated +([89]\d\.\d|100\.0) %/m);
    // Made by the worker's own worker.
    await seen(/^ +beside modules +[1-9]/m);
    expect((await rows()).split('\n')[0]).toBe(Buffer.from(runUnderQemu(program)).toString().trim());
    const isFused = !rejects && detectFpHost(nodeWasm, nodeWasm.createMemory(1)).fusedMadd;
    // The one that asks, and what the other worker is to make of the program.
    expect(page.workers().length).toBe(2);
    const relaxed = await page.workers()[0]!.evaluate(() => (globalThis as unknown as { relaxed: number }).relaxed);
    if (isFused) expect(relaxed).toBeGreaterThan(1);
    else expect(relaxed).toBe(1);
  });

  it('can be used by keyboard alone', async () => {
    await open('?command=read+line');
    await expect.poll(() => page.getByRole('status').textContent(), { timeout: PATIENCE_MS }).toBe('Running');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Terminal input');
    await page.keyboard.press('Control+F6');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('restart');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Terminal input');
  });

  it('says what to do when the image is missing or memory does not suffice', async () => {
    await open('?image=images/none.rfi');
    await expect
      .poll(() => page.getByRole('alert').textContent(), { timeout: PATIENCE_MS })
      .toMatch(/ringfence image build/);
    await page.close();
    await open('?memory=100000');
    await expect.poll(() => page.getByRole('alert').textContent(), { timeout: PATIENCE_MS }).toMatch(/\?memory=128/);
  });
});

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
}

/** Starts a server at a free port. */
async function serve(): Promise<{ server: ChildProcess; address: string }> {
  const started = spawn(process.execPath, [cli, 'serve', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const chunk of started.stdout!) return { server: started, address: String(chunk).trim() };
  throw new Error('the server ended at once');
}

/** To be put before the worker's script: counts the modules that multiply and add by relaxed SIMD, and rejects them if told to. */
function watchModules(rejects: boolean): string {
  return `{
    globalThis.relaxed = 0;
    const isRelaxed = (bytes) => bytes.some((byte, i) => byte === 0xfd && bytes[i + 1] === 0x87 && bytes[i + 2] === 0x02);
    WebAssembly.Module = class extends WebAssembly.Module {
      constructor(bytes) {
        const counts = isRelaxed(bytes);
        if (counts) globalThis.relaxed++;
        if (counts && ${rejects}) throw new WebAssembly.CompileError('invalid opcode');
        super(bytes);
      }
    };
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message) {
      if (message.order.host.fusedMadd) globalThis.relaxed++;
      return postMessage.call(this, message);
    };
  }\n`;
}
