import { describe, expect, it } from 'vitest';
import { assemble } from '../../isa/riscv/assemble.ts';
