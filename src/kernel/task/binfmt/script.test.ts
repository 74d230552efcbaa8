import { describe, expect, it } from 'vitest';
import { parseShebang } from './script.ts';

describe('parseShebang', () => {
  it.each([
    ['#!/bin/sh\n', '/bin/sh', null],
    ['#!/bin/sh -e\nrest', '/bin/sh', '-e'],
    ['#! \t/usr/bin/env  python3 -u \t\n', '/usr/bin/env', 'python3 -u'],
    ['#!/bin/sh', '/bin/sh', null],
    ['#!/bin/sh\0x\n', '/bin/sh', null],
    [`#!/bin/sh ${'a'.repeat(300)}`, '/bin/sh', 'a'.repeat(245)],
    ['#!   ', '', null],
  ])('reads %j', (head, interpreter, argument) => {
    expect(parseShebang(head)).toEqual({ interpreter, argument });
  });

  it.each(['#!\n', '#! \t \n', `#!/${'a'.repeat(300)}`, `#!${' '.repeat(300)}`])('refuses %j', (head) => {
    expect(parseShebang(head)).toBeNull();
  });

  it('never throws', () => {
    const alphabet = ['#', '!', '/', ' ', '\t', '\n', '\0', 'a', '\xff'];
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 5000; round++) {
      const body = Array.from({ length: random(300) }, () => alphabet[random(alphabet.length)]).join('');
      expect(() => parseShebang(`#!${body}`)).not.toThrow();
    }
  });
});
