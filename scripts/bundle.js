/**
 * Bundles the command line into a few files, so that it starts quickly: dist/cli-bundle/ringfence.js and chunks that load on demand.
 * Usage: node scripts/bundle.js (after tsc -b)
 * Rollup keeps top-level `const` as it is, which V8 folds; with `var` the trap path is several times slower.
 */
import { rollup } from 'rollup';

const bundle = await rollup({
  input: { ringfence: 'dist/cli/main.js' },
  external: [/^node:/, /^[a-z@](?!.*\/dist\/)/],
});
await bundle.write({ dir: 'dist/cli-bundle', format: 'es', sourcemap: false, chunkFileNames: 'chunk-[hash].js', minifyInternalExports: false });
await bundle.close();
