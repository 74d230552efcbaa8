import { expect, it } from 'vitest';
import { newSummary } from './summary.ts';

it('prints the table of -c, most time first', () => {
  const summary = newSummary();
  summary.count('read', 1_000_000, false);
  summary.count('openat', 2_500_000, true);
  summary.count('openat', 500_000, false);
  expect(summary.table()).toBe(`% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 75.00    0.003000        1500         2         1 openat
 25.00    0.001000        1000         1           read
------ ----------- ----------- --------- --------- ----------------
100.00    0.004000        1333         3         1 total
`);
});
