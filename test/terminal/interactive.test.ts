/** `ringfence run -it` in a real terminal. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildCli } from '../support/cli.ts';
import { openTerminal, type Terminal } from './tmux.ts';

const PROMPT = /ringfence:\/#$/;
const directory = mkdtempSync(join(tmpdir(), 'ringfence-terminal-'));
let cli: string;

/**
 * Goes on for ever, and says when it has come to the foreground: a shell names a job before it hands the terminal over, and a key that
 * comes in between is the shell's.
 */
const ENDLESS = `was=no
while :; do
  read -r _ _ _ _ group _ _ foreground _ < /proc/$$/stat
  now=$([ "$group" = "$foreground" ] && echo yes)
  [ "$now" != "$was" ] && [ "$now" ] && echo 'in front'
  was=$now
done
`;

beforeAll(async () => {
  cli = await buildCli(directory);
  mkdirSync(join(directory, 'programs'));
  writeFileSync(join(directory, 'programs/endless'), ENDLESS);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a shell', () => {
  let terminal: Terminal;

  beforeAll(async () => {
    terminal = openTerminal(`node ${cli} run -it -v ${directory}/programs:/programs debian-riscv64 bash`);
    await terminal.expect(PROMPT);
  });
  afterEach(async () => {
    terminal.press('C-l');
    await terminal.expect(/^root@ringfence:\/#$/);
  });
  afterAll(() => terminal.close());

  it('edits lines, completes names and searches history', async () => {
    terminal.type('echo abc def');
    terminal.press('C-a', 'M-f', 'C-k');
    terminal.type(' one twos');
    terminal.press('Left', 'BSpace', 'C-e', 'BSpace');
    terminal.type('X');
    terminal.press('Enter');
    await terminal.expect(/^one twX\n/m);
    terminal.type('ls -d /us');
    terminal.press('Tab', 'Enter');
    await terminal.expect(/^\/usr\/?\n/m);
    terminal.press('C-r');
    terminal.type('echo');
    await terminal.expect(/reverse-i-search\)`echo': echo/);
    terminal.press('C-g');
  });

  it('edits characters of several bytes, in the shell and in the line discipline', async () => {
    terminal.type('echo äöü€');
    terminal.press('Left', 'BSpace', 'BSpace', 'Enter');
    await terminal.expect(/^ä€\n/m);
    terminal.enter('echo ready; cat');
    await terminal.expect(/^ready$/m);
    terminal.type('aä世b');
    terminal.press('BSpace', 'BSpace', 'Enter');
    await terminal.expect(/^aä\naä$/m);
    terminal.press('C-d');
    await terminal.expect(PROMPT);
  });

  it('interrupts, stops and continues jobs', async () => {
    terminal.enter('bash /programs/endless');
    await terminal.expect(/^in front$/m);
    terminal.press('C-z');
    await terminal.expect(/\[1\]\+ {2}Stopped +bash \/programs\/endless\n.*#$/);
    terminal.enter('bg');
    await terminal.expect(/\[1\]\+ bash \/programs\/endless &\n.*#$/);
    terminal.enter('jobs');
    await terminal.expect(/\[1\]\+ {2}Running +bash \/programs\/endless &\n.*#$/);
    terminal.enter('fg');
    await terminal.expect(/fg\nbash \/programs\/endless\nin front$/);
    terminal.press('C-c');
    await terminal.expect(/\^C\n.*#$/);
    terminal.enter('echo "status $?"');
    await terminal.expect(/^status 130\n/m);
  });

  it('interrupts pipelines', async () => {
    terminal.enter('yes | head -3; echo "${PIPESTATUS[*]}"');
    await terminal.expect(/^y\ny\ny\n141 0\n/m);
    terminal.enter('{ echo in front; sleep 100; } | cat');
    await terminal.expect(/^in front$/m);
    terminal.press('C-c');
    await terminal.expect(/\^C\n.*#$/);
    terminal.enter('yes');
    await terminal.expect(/^(y\n){20}/m);
    terminal.press('C-c');
    await terminal.expect(/\^C\n.*#$/);
  });

  it('stops background jobs that read, or write with TOSTOP', async () => {
    // The shell may ask for its jobs before a new one has come as far as its read or write.
    const jobsOnceStopped = 'until [[ $(jobs) == *Stopped* ]]; do :; done; jobs';
    terminal.enter('stty tostop; (echo from-behind) &');
    terminal.enter(jobsOnceStopped);
    await terminal.expect(/\[1\]\+ {2}Stopped +\( echo from-behind \)/);
    terminal.enter('stty -tostop; fg');
    await terminal.expect(/^from-behind\n.*#$/m);
    terminal.enter('cat &');
    terminal.enter(jobsOnceStopped);
    await terminal.expect(/\[1\]\+ {2}Stopped +cat/);
    terminal.enter('kill -9 %1; while kill -0 %1; do :; done 2> /dev/null');
    await terminal.expect(/Killed +cat/);
  });

  it('leaves line feeds as they are when the program wants that', async () => {
    terminal.enter('stty -opost; printf "one\\ntwo\\r\\n"; stty opost');
    await terminal.expect(/^one\n {3}two\n/m);
  });

  it('hides passwords', async () => {
    terminal.enter('read -s -p "Password: " p; echo "<$p>"');
    await terminal.expect(/^Password:$/m);
    terminal.type('hush');
    terminal.press('Enter');
    const screen = await terminal.expect(/<hush>/);
    expect(screen.match(/hush/g)).toHaveLength(1);
  });

  it('takes a paste of 10 KB whole', async () => {
    const text = Array.from({ length: 260 }, (_, i) => `line ${i} of the paste, with some words in it\n`).join('');
    const sum = createHash('md5').update(text).digest('hex');
    terminal.enter("stty -echo; echo ready; sh -c 'cat > /tmp/pasted'; stty echo; md5sum /tmp/pasted");
    await terminal.expect(/^ready$/m);
    terminal.paste(text);
    terminal.press('C-d');
    await terminal.expect(new RegExp(`^${sum} {2}/tmp/pasted`, 'm'));
  });

  it('follows the size of the window', async () => {
    /** The guest hears of a new size beside the keys, not between them. */
    const untilSizeIs = (size: string): string => `until [[ $(stty size) == "${size}" ]]; do :; done`;
    terminal.enter('stty size; tput cols');
    await terminal.expect(/^24 80\n80\n/m);
    terminal.enter('vi /tmp/text');
    await terminal.expect(/\n~\n"\/tmp\/text" \[New File\]$/);
    terminal.resize(60, 15);
    await terminal.expect(/^(?:.*\n){9,14}.*$/);
    terminal.type('ihello');
    terminal.press('Escape');
    terminal.enter(':wq');
    await terminal.expect(PROMPT);
    terminal.enter(`${untilSizeIs('15 60')}; tput lines cols; cat /tmp/text`);
    await terminal.expect(/^15\n60\nhello\n/m);
    terminal.resize(80, 24);
    terminal.enter(`${untilSizeIs('24 80')}; clear; tput lines cols`);
    await terminal.expect(/^24\n80\n/);
  });

  it('draws less, nano and top', async () => {
    terminal.enter('less /etc/passwd');
    await terminal.expect(/^root:x:0:0:root:\/root:\/bin\/bash\n(?:.*\n)+.*\(END\)$/m);
    terminal.press('q');
    await terminal.expect(PROMPT);
    terminal.enter('nano /tmp/note');
    await terminal.expect(/GNU nano/);
    terminal.type('Grüße');
    await terminal.expect(/^Grüße$/m);
    terminal.press('C-x');
    await terminal.expect(/Save modified buffer/);
    terminal.type('n');
    await terminal.expect(PROMPT);
    terminal.enter('top -d 1');
    await terminal.expect(/PID USER .*COMMAND(?:\n.*)+ top$/m);
    terminal.press('q');
    await terminal.expect(PROMPT);
  });

  it('gives programs terminals of their own', async () => {
    terminal.enter('script -qc "tty; stty size" /dev/null; setsid -w sh -c ": > /dev/tty"');
    await terminal.expect(/^\/dev\/pts\/1\n24 80\n(?:.*\n)?.*\/dev\/tty: No such device or address\n/m);
  });
});

describe('the end', () => {
  const modes = join(directory, 'modes');
  /** Runs the guest between two looks at our own terminal's modes. */
  const between = (guest: string): string =>
    `sh -c 'stty -g > ${modes}; ${guest}; echo "status $?"; stty -g | cmp - ${modes} && echo restored; read forever'`;
  let terminal: Terminal | undefined;
  afterEach(() => terminal?.close());

  it.each([
    ['exit', 'bash -c "exit 7"', '', 7],
    ['a crash', 'bash -c "kill -SEGV \\$\\$"', '', 139],
    ['a limit', 'vi', '--timeout 3s', 124],
    ['a program that is not there', 'no-such-program', '', 127],
  ])('restores the terminal after %s', async (_, command, options, status) => {
    terminal = openTerminal(between(`node ${cli} run -it ${options} debian-riscv64 ${command}`));
    const screen = await terminal.expect(new RegExp(`status ${status}\\nrestored`));
    // What an editor drew is gone when it was stopped.
    expect(screen).not.toMatch(/^~/m);
  });

  it('comes with SIGTERM, even if the guest heeds nothing', async () => {
    const stubborn = 'sh -c "trap : HUP TERM; echo deaf; while :; do sleep 1; done"';
    const pidFile = join(directory, 'pid');
    const started = `sh -c "echo \\$\\$ > ${pidFile}; exec node ${cli} run -it debian-riscv64 ${stubborn.replaceAll('"', '\\"')}"`;
    terminal = openTerminal(between(started.replaceAll("'", '')));
    await terminal.expect(/^deaf$/m);
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
    await terminal.expect(/status \d+\nrestored/);
  });

  it('waits while Ringfence itself is stopped', async () => {
    terminal = openTerminal('PS1="outer$ " bash --norc');
    await terminal.expect(/^outer\$$/);
    terminal.enter(`PROMPT_COMMAND=; node ${cli} run -it debian-riscv64 bash`);
    await terminal.expect(PROMPT);
    const pid = terminal.childOfShell();
    process.kill(pid, 'SIGSTOP');
    await terminal.expect(/Stopped.*(?:\n.*)?\nouter\$$/);
    terminal.enter('clear; fg');
    await terminal.expect(/^node /m);
    terminal.type('echo typed');
    terminal.press('C-a', 'C-k');
    terminal.enter('stty size');
    await terminal.expect(/24 80\n.*ringfence:\/#$/);
    terminal.enter('exit 5');
    await terminal.expect(/exit\nouter\$$/);
    // Our own shell reads as before.
    terminal.enter('echo ready; head -1; echo "status $?"');
    await terminal.expect(/^ready$/m);
    terminal.enter('a line');
    await terminal.expect(/^a line\na line\nstatus 0\n/m);
  });

  it('comes when the window is closed', async () => {
    const pidFile = join(directory, 'pid');
    terminal = openTerminal(`sh -c 'echo $$ > ${pidFile}; exec node ${cli} run -it debian-riscv64 bash'`);
    await terminal.expect(PROMPT);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    terminal.close();
    // Where nobody collects orphans a zombie stays.
    const isAlive = (): boolean =>
      existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    for (const end = Date.now() + 10_000; isAlive() && Date.now() < end;) await delay(50);
    expect(isAlive()).toBe(false);
  });

  it.skipIf(process.platform !== 'linux')('waits without using the processor', async () => {
    const pidFile = join(directory, 'pid');
    terminal = openTerminal(`sh -c 'echo $$ > ${pidFile}; exec node ${cli} run -it debian-riscv64 bash'`);
    await terminal.expect(PROMPT);
    const ticks = (): number => {
      const fields = readFileSync(`/proc/${readFileSync(pidFile, 'utf8').trim()}/stat`, 'utf8')
        .split(') ')[1]!
        .split(' ');
      return Number(fields[11]) + Number(fields[12]);
    };
    // V8 may still be compiling what the start needed.
    let used = Infinity;
    for (let tries = 0; used > 3 && tries < 5; tries++) {
      const before = ticks();
      await delay(2000);
      used = ticks() - before;
    }
    expect(used).toBeLessThanOrEqual(3);
  });
});
