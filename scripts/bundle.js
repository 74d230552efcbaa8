/**
 * Bundles the command line into few files, so that it starts quickly: dist/bundle/ringfence.cjs, and what not every start needs beside it.
 * Usage: node scripts/bundle.js (after tsc -b)
 * Rollup keeps top-level `const` as it is, which V8 folds; with `var` the trap path is several times slower.
 */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import nodeResolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import { rollup } from 'rollup';
import { vdsoImage } from '../dist/kernel/arch/riscv64/vdso/image.js';

const DIRECTORY = 'dist/bundle';

/** Without comments and in ASCII the file is half as large, and V8 holds it in one byte a character. Names stay, for stack traces. */
const SQUEEZE = { compress: false, mangle: false, format: { comments: false, ascii_only: true, semicolons: false } };

/** What a short run has no use for, and what is loaded on its own: the rest is one file, within which V8 can fold constants. */
const PARTS = [
  [
    'generator',
    /^dist\/(isa|wasm|cpu\/(fp|interpreter|translator))\/(?!.*(allowance|code-places|code-space|commissions|exits|record|heat|hot-roots|jump-cache|jump-cache-entries|kept-code|kept-page|mapped-code|signature|tallies|translations)\.js)/,
  ],
  ['debug', /^dist\/debug\//],
  ['image', /^dist\/(image\/|cli\/image)/],
  ['xz', /xz-decompress/],
  ['serve', /^dist\/cli\/serve|node_modules\/sirv/],
];
/** Modules of Node that most commands never use, and that take long to load; and the parts. */
const LAZY = new RegExp(
  String.raw`\brequire\('((?:node:)?(?:child_process|crypto|zlib|http|querystring|stream|stream\/web|stream\/promises|fs\/promises|timers\/promises|tty|url)|\.\/(?:${PARTS.map(([name]) => name).join('|')})\.cjs)'\)`,
  'g',
);

/** Has those modules loaded when something of them is used first. */
const loadLazily = {
  name: 'load-lazily',
  renderChunk: (code) =>
    `const lazily=(name)=>new Proxy({},{get:(_,key)=>require(name)[key],has:(_,key)=>key in require(name)});\n${code.replace(LAZY, "lazily('$1')")}`,
};

/** Modules in whose place their result stands, because to compute it takes time at every start. */
const FROZEN = {
  [resolve('dist/kernel/arch/riscv64/vdso/image.js')]: () => {
    const { bytes, signalReturn } = vdsoImage();
    return `const image = { bytes: new Uint8Array(Buffer.from('${Buffer.from(bytes).toString('base64')}', 'base64')), signalReturn: ${signalReturn} };
      export const vdsoImage = () => image;`;
  },
};
const freeze = { name: 'freeze', load: (id) => FROZEN[id]?.() ?? null };

const partOf = (id) =>
  PARTS.find(([, pattern]) => pattern.test(id.replace(`${resolve('.')}/`, '')))?.[0] ?? 'ringfence';

rmSync(DIRECTORY, { recursive: true, force: true });
const bundle = await rollup({
  input: { ringfence: 'dist/cli/main.js' },
  external: /^node:/,
  // The parts are loaded lazily, so that circles among them are harmless.
  onLog: (level, log, handle) => log.code !== 'CIRCULAR_CHUNK' && handle(level, log),
  plugins: [
    freeze,
    nodeResolve({ exportConditions: ['node'], preferBuiltins: true }),
    commonjs(),
    loadLazily,
    terser(SQUEEZE),
  ],
});
await bundle.write({
  dir: DIRECTORY,
  format: 'cjs',
  compact: true,
  onlyExplicitManualChunks: true,
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  manualChunks: partOf,
});
await bundle.close();

// A thread has its own copy of what it needs: it must not begin with the command line.
const thread = await rollup({
  input: 'dist/host/node/workshop-thread.js',
  external: /^node:/,
  plugins: [terser(SQUEEZE)],
});
await thread.write({ file: `${DIRECTORY}/workshop-thread.cjs`, format: 'cjs', compact: true });
await thread.close();
