/**
 * /proc/interrupts: what the interrupt controller and the timer have counted. See proc_interrupts(5).
 *
 * Interface: interruptCounts, showInterrupts.
 */
import type { Kernel } from '../../../kernel.ts';
import type { Lines } from '../node.ts';

/** Interrupts in the machine's count of traps, after the exceptions. */
const FIRST_INTERRUPT = 64;
const SUPERVISOR_TIMER = 5;
const IPIS = [
  'Rescheduling interrupts',
  'Function call interrupts',
  'CPU stop interrupts',
  'CPU stop (for crash dump) interrupts',
  'IRQ work interrupts',
  'Timer broadcast interrupts',
];

export interface InterruptCount {
  readonly chip: string;
  readonly hardware: number;
  readonly name: string;
  readonly count: number;
}

/** In the order of the numbers that the kernel gave them. */
export function interruptCounts(kernel: Kernel): InterruptCount[] {
  const { interrupts, stats } = kernel.machine;
  const timer = stats.traps[FIRST_INTERRUPT + SUPERVISOR_TIMER] ?? 0;
  return [
    { chip: 'RISC-V INTC', hardware: SUPERVISOR_TIMER, name: 'riscv-timer', count: timer },
    ...interrupts.counts().map(({ source, name, count }) => ({ chip: 'SiFive PLIC', hardware: source, name, count })),
  ];
}

export function showInterrupts(kernel: Kernel): Lines {
  return [
    '           CPU0       \n',
    ...interruptCounts(kernel).map(
      ({ chip, hardware, name, count }, index) =>
        `${`${FIRST_NUMBER + index}:`.padStart(4)} ${String(count).padStart(10)}  ${chip} ${String(hardware).padStart(3)} Edge      ${name}\n`,
    ),
    ...IPIS.map((name, index) => `IPI${index}: ${'0'.padStart(9)}  ${name}\n`),
  ];
}

const FIRST_NUMBER = 10;
