/**
 * Command lines of the image's own programs, under qemu-riscv64 on Linux and in Ringfence, over the same tree: standard output, standard
 * error and status must be the same. groups.ts says how the lines are written.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runGuest, withSystem } from '../support/guest.ts';
import { EXCEPTIONS } from './exceptions.ts';
import { readGroups, type Group } from './groups.ts';
import { prepareTree, runInTree } from './qemu-root.ts';
import { ENVIRONMENT, parseAnswers, SCRIPTS, writeScripts, type Answer } from './script.ts';

const IMAGE = 'debian-riscv64';
const groups = readGroups();

describe('command lines under qemu and here', () => {
  let work = '';
  let tree = '';
  beforeAll(async () => {
    tree = await prepareTree(IMAGE);
    work = mkdtempSync(join(tmpdir(), 'ringfence-lines-'));
  });
  afterAll(() => {
    if (work !== '') rmSync(work, { recursive: true, force: true });
  });

  it('are enough, and the exceptions are among them', () => {
    expect(groups.reduce((sum, { lines }) => sum + lines.length, 0)).toBeGreaterThanOrEqual(300);
    const lost = EXCEPTIONS.filter(
      ({ group, line }) => !groups.some(({ name, lines }) => name === group && lines.includes(line)),
    );
    expect(lost).toEqual([]);
  });

  it.each(groups)('$name', { timeout: 300_000 }, async (group) => {
    const scripts = join(work, group.name);
    mkdirSync(scripts);
    writeScripts(group, scripts);
    const [there, here] = await Promise.all([runInTree(tree, scripts), runHere(scripts)]);
    const [theirs, ours] = [parseAnswers(there.stdout), parseAnswers(here.stdout)];
    expect(theirs.length, `qemu broke off: ${there.stderr}`).toBe(group.lines.length);
    expect(ours.length, `Ringfence broke off: ${here.stderr}`).toBe(group.lines.length);
    expect(byLine(group, ours)).toEqual(
      byLine(
        group,
        theirs.map((answer, index) => real(group, index, answer)),
      ),
    );
  });
});

async function runHere(scripts: string): Promise<{ stdout: string; stderr: string }> {
  const volumes = [{ host: scripts, guest: SCRIPTS }];
  return withSystem({ volumes }, (system) => runGuest(system, ['sh', `${SCRIPTS}/all`], { env: ENVIRONMENT }));
}

/** What Linux answers: what qemu says, but where an exception is noted. */
function real(group: Group, index: number, answer: Answer): Answer {
  const exception = EXCEPTIONS.find(({ group: name, line }) => name === group.name && line === group.lines[index]);
  if (exception === undefined) return answer;
  const { stdout, stderr, status } = exception;
  expect(answer, `qemu no longer differs: ${exception.line}`).not.toEqual({ stdout, stderr, status });
  return { stdout, stderr, status };
}

function byLine(group: Group, answers: readonly Answer[]): Record<string, Answer> {
  return Object.fromEntries(answers.map((answer, index) => [group.lines[index] ?? '', answer]));
}
