/** What whole programs work on: always the same bytes. Interface: writeInputs. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MB = 1e6;
const LINES = 1_000_000;

/** A small generator of numbers below `limit`, the same everywhere. */
function generator(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

export function writeInputs(directory) {
  const random = generator(1);
  const words = Array.from({ length: 4000 }, () =>
    Array.from({ length: 3 + random(8) }, () => String.fromCharCode(97 + random(26))).join(''),
  );
  const text = (bytes) => {
    let line = '';
    while (line.length < bytes) line += words[random(words.length)] + (random(12) === 0 ? '.\n' : ' ');
    return line.slice(0, bytes);
  };
  writeBlocks(join(directory, '50mb'), 50, text);
  writeBlocks(join(directory, '100mb'), 100, text);
  writeBlocks(join(directory, 'lines'), 100, () => {
    let block = '';
    for (let i = 0; i < LINES / 100; i++) block += `${random(1e9).toString(36)} ${words[random(words.length)]}\n`;
    return block;
  });
  writeFileSync(join(directory, 'program.py'), PYTHON);
  writeFileSync(join(directory, 'program.c'), cProgram());
}

function writeBlocks(path, count, block) {
  const fd = openSync(path, 'w');
  for (let i = 0; i < count; i++) writeSync(fd, block(MB));
  closeSync(fd);
}

const PYTHON = `# A little of what scripts do: dictionaries, strings, classes, sorting, arithmetic.
class Counter:
    def __init__(self):
        self.counts = {}

    def add(self, word):
        self.counts[word] = self.counts.get(word, 0) + 1

    def top(self, n):
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:n]


def primes(limit):
    composite = bytearray(limit)
    for i in range(2, limit):
        if not composite[i]:
            yield i
            for j in range(i * i, limit, i):
                composite[j] = 1


def collatz(n):
    steps = 0
    while n != 1:
        n = 3 * n + 1 if n % 2 else n // 2
        steps += 1
    return steps


counter = Counter()
with open('/mnt/lines') as lines:
    for number, line in enumerate(lines):
        if number == 200000:
            break
        counter.add(line.split()[1])
for word, count in counter.top(10):
    print(f'{word:12} {count:6}')
print(sum(primes(400000)))
print(max((collatz(n), n) for n in range(1, 20000)))
print(hash(tuple(str(i * i % 977) for i in range(100000))) is not None)
`;

/** Two hundred lines: functions that call each other, over integers, floating point, structs and switches. */
function cProgram() {
  const parts = [
    '#include <stdio.h>',
    '#include <stdlib.h>',
    '#include <string.h>',
    '',
    'struct item { int key; double weight; char name[16]; };',
    '',
  ];
  for (let i = 0; i < 14; i++) {
    const before = i === 0 ? 'x' : `work_${i - 1}(x ^ ${i}, y * 0.5, items, n)`;
    parts.push(
      `static long work_${i}(long x, double y, struct item *items, int n) {`,
      '    long sum = 0;',
      '    for (int i = 0; i < n; i++) {',
      `        switch ((items[i].key + ${i}) % 5) {`,
      '        case 0: sum += x * items[i].key; break;',
      '        case 1: sum -= (long)(y * items[i].weight); break;',
      `        case 2: items[i].weight += ${i}.25 * y; break;`,
      '        case 3: snprintf(items[i].name, sizeof items[i].name, "%ld", sum); break;',
      '        default: sum ^= (long)strlen(items[i].name) << (i % 13);',
      '        }',
      '    }',
      `    return sum + (x > ${i * 3} ? ${before} : 0);`,
      '}',
      '',
    );
  }
  parts.push(
    'int main(int argc, char **argv) {',
    '    int n = argc > 1 ? atoi(argv[1]) : 100;',
    '    struct item *items = calloc(n, sizeof *items);',
    '    for (int i = 0; i < n; i++) items[i].key = i * 7919 % 1000;',
    '    printf("%ld\\n", work_13(99, 1.5, items, n));',
    '    free(items);',
    '    return 0;',
    '}',
  );
  return `${parts.join('\n')}\n`;
}
