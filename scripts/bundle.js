/**
 * Bundles the command line into a few files, so that it starts quickly: dist/cli/ringfence.js and chunks that load on demand.
 * Usage: node scripts/bundle.js
 */
import { build } from 'esbuild';

await build({
  entryPoints: { ringfence: 'src/cli/main.ts' },
  outdir: 'dist/cli-bundle',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  legalComments: 'none',
  packages: 'external',
  chunkNames: 'chunk-[hash]',
});
