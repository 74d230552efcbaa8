/**
 * The command line. Interface: none; it runs.
 * Commands load on demand, so that `ringfence run` does not pay for the rest.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { failure, isReaderGone, unwritable } from './failure.ts';
import { VERSION } from './version.ts';

/** An option that may be given several times. */
function repeated(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser<string[]>((value, previous) => [...previous, value])
    .default([], 'none');
}

const count = (_: string, previous: number): number => previous + 1;

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** Options that every command which runs a guest takes. strace has its own -t and -e, so there these two are --tty and --env only. */
function withRunOptions(command: Command, short = { tty: '-t, ', env: '-e, ' }): Command {
  return command
    .option('-i, --interactive', 'pass standard input on (without it the program reads end of file)')
    .option(`${short.tty}--tty`, 'give the program a terminal')
    .addOption(repeated('-v, --volume <HOST:GUEST[:ro|:rw]>', 'show it a host directory; read-only unless :rw'))
    .addOption(repeated(`${short.env}--env <NAME=VALUE>`, 'set an environment variable; NAME alone takes it from here'))
    .option('-w, --workdir <DIR>', 'start in this directory of the guest')
    .option('-u, --user <UID[:GID]>', 'run as this numeric user', '0:0')
    .option('-m, --memory <SIZE>', 'RAM of the machine', '512m')
    .option('--hostname <NAME>', 'name of the machine', 'ringfence')
    .option('--timeout <TIME>', 'stop everything after this wall-clock time (10s, 2m)')
    .option('--max-instructions <N>', 'stop everything after this many instructions', whole)
    .option('--max-processes <N>', 'let at most this many processes exist at once', whole)
    .option('--max-files <N>', 'let at most this many files be open at once', whole)
    .option('--max-output <SIZE>', 'stop everything when more than this was written')
    .option('--net <MODE>', 'network: only "none" so far', 'none')
    .option('--read-only', 'let nothing change the root file system')
    .option('--deterministic', 'make time a function of the instructions run, so that a run repeats exactly')
    .option('--no-translator', 'interpret every instruction, to compare or to rule a fault out')
    .option('--no-code-cache', 'do not use translated code of earlier runs, and leave none')
    .option('--kernel-log', "print the kernel's log on standard error")
    .option(
      '--json',
      'print the result (status, signal, reason, usage; with --stats its numbers) as a line of JSON on standard error',
    )
    .passThroughOptions();
}

const program = new Command('ringfence')
  .description(
    'Runs unmodified Linux programs on a kernel and machine of its own, with no access to this host but what you give it.',
  )
  .version(VERSION)
  .showHelpAfterError('(ringfence --help tells more)')
  .enablePositionalOptions()
  .addHelpText(
    'after',
    `
Start with a shell; the image is built the first time:
  ringfence run -it debian-riscv64 bash

ringfence COMMAND --help tells more of each command.`,
  )
  .exitOverride();

withRunOptions(
  program
    .command('run')
    .description('run a program of an image')
    .argument('<IMAGE>', 'name in the store, or path of an image, tar, OCI layout or directory')
    .argument('[COMMAND...]', "program and arguments; default: the image's command, else a shell"),
)
  .option(
    '--stats',
    'print at the end what was done: instructions, translated code, faults, traps, system calls, memory',
  )
  .option('--profile <FILE>', 'note where instructions are spent: for pprof (.pb.gz), or the Firefox Profiler (.json)')
  .option('--profile-interval <N>', 'look at the program every N instructions (default: 100000)', whole)
  .addHelpText(
    'after',
    `
Examples:
  ringfence run -it debian-riscv64 bash            a shell (the image is built the first time)
  ringfence run debian-riscv64 ls -l /             a command; its exit status is passed on
  echo hi | ringfence run -i debian-riscv64 wc -c  standard input from a pipe
  ringfence run -v "$PWD:/work:rw" -w /work debian-riscv64 tar tzf a.tar.gz
  ringfence run --profile sort.pb.gz debian-riscv64 sort -R /etc/services
                                                   then: go tool pprof -top sort.pb.gz

Exit status: the program's; 128+N if signal N killed it; 124 if --timeout or another limit stopped it;
125 if Ringfence itself failed; 126 if the program cannot be run; 127 if it was not found.`,
  )
  .action(async (image: string, command: string[], options) => {
    const { runCommand } = await import('./run.ts');
    await leave(await runCommand(image, command, options));
  });

withRunOptions(
  program
    .command('strace')
    .description('run a program of an image and show its system calls, as strace(1) does')
    .argument('<IMAGE>', 'name in the store, or path of an image, tar, OCI layout or directory')
    .argument('[COMMAND...]', "program and arguments; default: the image's command, else a shell")
    .option('-f, --follow', 'trace its threads and children too')
    .option('-c, --summary-only', 'count calls, errors and time, and print only a table of them')
    .option('-C, --with-summary', 'print the table after the calls')
    .addOption(repeated('-e, --expression <EXPR>', 'choose what is shown; see below'))
    .option('-o, --output <FILE>', 'write the trace to this file instead of standard error')
    .option('-s, --string-limit <N>', 'show at most this many bytes of a string', whole, 32)
    .option('-t, --time', 'start lines with the time; -tt adds microseconds, -ttt counts from 1970', count, 0)
    .option('-r, --relative', 'start lines with the time since the line before')
    .option('-T, --syscall-times', 'end lines with the time that the call took')
    .option('-q, --quiet', 'do not say which processes are attached'),
  { tty: '', env: '' },
)
  .addHelpText(
    'after',
    `
Expressions:
  -e openat,read         only these calls             -e '!read'        all but these
  -e %file               calls that take a file name  -e signal=none    no signals
  classes: %file %desc %process %network %signal %memory %ipc %clock %creds

Examples:
  ringfence strace debian-riscv64 ls /
  ringfence strace -f -e trace=%process debian-riscv64 sh -c 'true | cat'
  ringfence strace -c debian-riscv64 find /usr
  ringfence strace -f -o trace.txt debian-riscv64 make

The traced program's output and exit status are passed on as with ringfence run.`,
  )
  .action(async (image: string, command: string[], options) => {
    const { straceCommand } = await import('./strace.ts');
    await leave(await straceCommand(image, command, options));
  });

program
  .command('serve')
  .description('serve the web application and the images of the store')
  .option('-p, --port <PORT>', 'port; 0 takes a free one', whole, 8080)
  .option('--host <ADDRESS>', 'address to listen at', '127.0.0.1')
  .action(async (options) => {
    const { serveCommand } = await import('./serve.ts');
    await serveCommand(options);
  });

const image = program.command('image').description('build, import, export, list and remove images');

image
  .command('build')
  .description('build an image from Debian packages, through apt (default: debian-riscv64)')
  .argument('[NAME]', 'name of the image', 'debian-riscv64')
  .option('--suite <SUITE>', 'Debian release', 'trixie')
  .addOption(new Option('--arch <ARCH>', 'architecture; default: from NAME').choices(['riscv64', 'amd64', 'i386']))
  .addOption(repeated('-p, --package <PACKAGE>', 'add a package and what it needs; may be repeated'))
  .option('-q, --quiet', 'no progress')
  .addHelpText(
    'after',
    `
Examples:
  ringfence image build                            the default image
  ringfence image build python-riscv64 -p python3  another one, with Python
  ringfence image build sid-riscv64 --suite sid    another release of Debian`,
  )
  .action(async (name: string, options) => {
    const { buildCommand } = await import('./image.ts');
    await buildCommand(name, options);
  });

image
  .command('import')
  .description('make an image from a tar (plain, gzip, xz, zstd), an OCI layout or a directory')
  .argument('<NAME>', 'name of the image')
  .argument('[SOURCE]', 'file or directory; - reads a tar from standard input', '-')
  .addHelpText(
    'after',
    `
Examples:
  ringfence image import alpine alpine-minirootfs-riscv64.tar.gz
  podman save --format oci-archive IMAGE | ringfence image import mine`,
  )
  .action(async (name: string, source: string) => {
    const { importCommand } = await import('./image.ts');
    await importCommand(name, source);
  });

image
  .command('export')
  .description('write an image as a tar')
  .argument('<NAME>', 'name of the image')
  .argument('[FILE]', 'where to; - writes to standard output', '-')
  .addHelpText(
    'after',
    `
Examples:
  ringfence image export debian-riscv64 root.tar
  ringfence image export debian-riscv64 | tar tv`,
  )
  .action(async (name: string, file: string) => {
    const { exportCommand } = await import('./image.ts');
    await exportCommand(name, file);
  });

image
  .command('ls')
  .description('list the images in the store')
  .option('--json', 'print JSON')
  .action(async (options) => {
    const { listCommand } = await import('./image.ts');
    listCommand(options);
  });

image
  .command('rm')
  .description('remove images')
  .argument('<NAME...>', 'names of images')
  .action(async (names: string[]) => {
    const { removeCommand } = await import('./image.ts');
    removeCommand(names);
  });

/**
 * Ends the process when its output is out. Ending by itself, it would wait for what V8 still compiles for a guest that is gone.
 * A status that is set already is that of output which could not be written: it counts more than the guest's.
 */
async function leave(status: number): Promise<void> {
  process.exitCode ??= status;
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  process.exit();
}

// Whoever reads our output may have seen enough, as head(1) has of a long help. Every other fault is said once: a guest goes
// on writing until we have left.
let isOutputLost = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (isOutputLost || isReaderGone(error, process.stdout)) return;
  isOutputLost = true;
  process.exitCode = failure(unwritable('standard output', error));
  void leave(process.exitCode);
});
// Nothing is left to say it on.
process.stderr.on('error', () => {});

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 125;
  else process.exitCode = failure(error);
});
