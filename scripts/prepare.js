/**
 * Builds the project when npm installs it. Usage: node scripts/prepare.js (npm ci runs it)
 * The first `npx ringfence` in a checkout comes here as well, since npx links the checkout into its cache: what is built already stays.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const isNpx = process.env.npm_command === 'exec';
if (!isNpx || !existsSync('dist/bundle/ringfence.cjs')) {
  const { status, error } = spawnSync('npm run build', { shell: true, stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}
