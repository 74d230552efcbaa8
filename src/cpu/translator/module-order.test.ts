import { expect, it } from 'vitest';
import { assemble } from '../../isa/riscv/assemble.ts';
import { PLAIN_FP_HOST } from '../fp/fp-host.ts';
import { createLayout } from '../layout.ts';
import { fillOrder, orderFor } from './module-order.ts';
import { buildModule, type Candidate } from './region-module.ts';
import { formRegion } from './region.ts';
import { codeOf } from './test-code.ts';

const PROGRAM = `
loop:
  ld t0, 0(a0)
  mulhsu t2, t0, t1
  addw t1, t1, t0
  sd t1, 8(a0)
  jal ra, small
  bne t1, a1, loop
  jalr zero, 0(a5)
small:
  addi a0, a0, 8
  jalr zero, 0(ra)`;

const { words } = assemble(PROGRAM, 0);
const layout = createLayout({ ramBytes: 1 << 20 });
const batch: Candidate[] = [{ region: formRegion(codeOf(words))!, at: 0, pages: new Set([0]) }];

it('builds from a copy of the order what would be built here', () => {
  expect(batch[0]!.region.blocks.length).toBeGreaterThan(3);
  const order = structuredClone(orderFor(layout, PLAIN_FP_HOST, batch));
  expect(fillOrder(order)).toEqual(buildModule(layout, PLAIN_FP_HOST, batch));
});

it('refuses words that are no instructions', () => {
  const order = orderFor(layout, PLAIN_FP_HOST, batch);
  const [{ region, ...rest }] = order.batch as [(typeof order.batch)[0]];
  const blocks = [{ ...region.blocks[0]!, words: [0] }];
  expect(() => fillOrder({ ...order, batch: [{ ...rest, region: { ...region, blocks } }] })).toThrow(
    '0x0 is no instruction',
  );
});
