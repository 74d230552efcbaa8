/** The command line, built from the sources as they are. Interface: buildCli, buildWeb. */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Bundles the command line into `directory`; gives the script that `node` runs. */
export async function buildCli(directory: string): Promise<string> {
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: 'src/cli/main.ts',
      outDir: directory,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: 'ringfence.mjs', inlineDynamicImports: true } },
    },
  });
  return `${directory}/ringfence.mjs`;
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
