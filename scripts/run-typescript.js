/**
 * Runs a TypeScript program of the repository on whatever Node there is.
 * Usage: node scripts/run-typescript.js FILE [ARGUMENT...]
 */
import { resolve } from 'node:path';
import { runnerImport } from 'vite';

const [file] = process.argv.splice(2, 1);
if (file === undefined) throw new RangeError('usage: node scripts/run-typescript.js FILE [ARGUMENT...]');
await runnerImport(resolve(file), { configFile: false, logLevel: 'error' });
