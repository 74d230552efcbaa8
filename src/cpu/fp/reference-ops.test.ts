import { describe, expect, it } from 'vitest';
import { FLAG, RM } from './format.ts';
import { makeReferenceFpOps } from './reference-ops.ts';

describe('makeReferenceFpOps', () => {
  it('accrues flags, ignores the high half of f32 and sign-extends 32-bit integers', () => {
    let flags = 0;
    const ops = makeReferenceFpOps((raised) => (flags |= raised));
    const one = 0xffff_ffff_3f80_0000n;
    const three = 0xffff_ffff_4040_0000n;
    expect(ops.fdiv('f32', one, three, BigInt(RM.RNE))).toBe(0x3eaa_aaabn);
    expect(ops.fdiv('f32', one, three, BigInt(RM.RTZ))).toBe(0x3eaa_aaaan);
    expect(flags).toBe(FLAG.NX);
    expect(ops.fToInt('f32', 'u32', 0x4f7f_ffffn, BigInt(RM.RNE))).toBe(0xffff_ffff_ffff_ff00n);
    expect(ops.intToF('f64', 'i32', 0xffff_ffffn, BigInt(RM.RNE))).toBe(0xbff0_0000_0000_0000n);
    expect(ops.fToF('f64', three, BigInt(RM.RNE))).toBe(0x4008_0000_0000_0000n);
    expect(ops.flt('f32', one, three)).toBe(1n);
    expect(flags).toBe(FLAG.NX);
    expect(ops.fsqrt('f64', 0xbff0_0000_0000_0000n, BigInt(RM.RNE))).toBe(0x7ff8_0000_0000_0000n);
    expect(flags).toBe(FLAG.NX | FLAG.NV);
  });
});
