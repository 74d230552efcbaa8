#!/usr/bin/env node
'use strict';
/**
 * Starts the command line from its bundle. What V8 compiled is kept in the user's cache directory and used by the next start, as Node's own
 * module.enableCompileCache does from Node 22 on; it is made anew when the bundle or Node changes, and never needed.
 */
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const vm = require('node:vm');

const bundle = path.join(__dirname, '..', 'dist', 'ringfence.cjs');

function main() {
  const { size, mtimeMs } = fs.statSync(bundle);
  const cacheRoot = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  const build = `${process.version}-${process.arch}-${size}-${Math.floor(mtimeMs)}`;
  // Each command needs other functions.
  const command = /^[a-z]+$/.test(process.argv[2]) ? process.argv[2] : 'other';
  const cacheFile = path.join(cacheRoot, 'ringfence', 'code', `${build}-${command}`);
  const cachedData = readCache(cacheFile);
  // The bundle is ASCII: read as latin-1 it is not copied again.
  const script = new vm.Script(
    `(function (exports, require, module, __filename, __dirname) {${fs.readFileSync(bundle, 'latin1')}\n})`,
    {
      filename: bundle,
      cachedData,
    },
  );
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, bundle, path.dirname(bundle));
  // Written at the end, when the functions that a start needs have been compiled.
  if (cachedData === undefined || script.cachedDataRejected)
    process.on('exit', () => writeCache(cacheFile, build, script.createCachedData()));
}

function readCache(file) {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
}

function writeCache(file, build, data) {
  try {
    const directory = path.dirname(file);
    fs.mkdirSync(directory, { recursive: true });
    for (const old of fs.readdirSync(directory))
      if (!old.startsWith(build)) fs.rmSync(path.join(directory, old), { force: true });
    const temporary = `${file}.${process.pid}`;
    fs.writeFileSync(temporary, data);
    fs.renameSync(temporary, file);
  } catch {
    // A cache that cannot be kept costs the next start some time, nothing else.
  }
}

if (fs.existsSync(bundle)) main();
else {
  process.stderr.write('ringfence: not built yet; run: npm run build\n');
  process.exitCode = 125;
}
