/**
 * Bundles the command line into one file, dist/ringfence.cjs, so that it starts quickly.
 * Usage: node scripts/bundle.js (after tsc -b)
 * Rollup keeps top-level `const` as it is, which V8 folds; with `var` the trap path is several times slower.
 */
import commonjs from '@rollup/plugin-commonjs';
import nodeResolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import { rollup } from 'rollup';

/** Without comments and in ASCII the file is half as large, and V8 holds it in one byte a character. Names stay, for stack traces. */
const SQUEEZE = { compress: false, mangle: false, format: { comments: false, ascii_only: true, semicolons: false } };

/** Modules of Node that most commands never use, and that take long to load. */
const LAZY =
  /\brequire\('((?:node:)?(?:child_process|crypto|zlib|http|querystring|stream|stream\/web|stream\/promises|fs\/promises|timers\/promises|tty|url))'\)/g;

/** Has those modules loaded when something of them is used first. */
const loadLazily = {
  name: 'load-lazily',
  renderChunk: (code) =>
    `const lazily=(name)=>new Proxy({},{get:(_,key)=>require(name)[key],has:(_,key)=>key in require(name)});\n${code.replace(LAZY, "lazily('$1')")}`,
};

const bundle = await rollup({
  input: 'dist/cli/main.js',
  external: /^node:/,
  plugins: [nodeResolve({ exportConditions: ['node'], preferBuiltins: true }), commonjs(), loadLazily, terser(SQUEEZE)],
});
await bundle.write({ file: 'dist/ringfence.cjs', format: 'cjs', inlineDynamicImports: true, compact: true });
await bundle.close();
