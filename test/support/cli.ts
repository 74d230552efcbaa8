/** The command line, built from the sources as they are. Interface: buildCli, buildWeb. */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Bundles the command line into `directory`; gives the script that `node` runs. */
export async function buildCli(directory: string): Promise<string> {
  await bundle('src/cli/main.ts', directory, { entryFileNames: 'ringfence.mjs', inlineDynamicImports: true });
  await bundle('src/host/node/workshop-thread.ts', directory, { entryFileNames: 'workshop-thread.cjs', format: 'cjs' });
  return `${directory}/ringfence.mjs`;
}

async function bundle(entry: string, directory: string, output: object): Promise<void> {
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: entry,
      outDir: directory,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      rollupOptions: { output },
    },
  });
}

/** Builds the web application into `directory`. */
export async function buildWeb(directory: string): Promise<void> {
  const root = `${ROOT}web`;
  await build({
    root,
    configFile: `${root}/vite.config.ts`,
    logLevel: 'error',
    build: { outDir: directory, emptyOutDir: true },
  });
}
