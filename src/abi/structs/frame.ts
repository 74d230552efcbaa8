/**
 * Saved registers, and the frames that the kernel puts on the user's stack for a signal handler.
 *
 * riscv64: arch/riscv uapi asm/ptrace.h, asm/sigcontext.h, asm/ucontext.h. x86-64 and i386: asm/sigcontext.h,
 * asm/ucontext.h, asm/ptrace.h, and the layouts in the kernel's sigframe.h (retaddr first on x86, siginfo first on riscv).
 */

import {
  aligned,
  array,
  bigU64,
  bytes,
  defineStruct,
  i32,
  nested,
  pointer,
  register,
  structByArch,
  u16,
  u32,
  ulong,
} from '../struct.ts';
import { SIGINFO, STACK_T } from './signal.ts';

/** user_regs_struct of riscv: also the order of NT_PRSTATUS and of sigcontext. */
export const RISCV_USER_REGS = structByArch('riscv_user_regs', {
  riscv64: {
    pc: register,
    ra: register,
    sp: register,
    gp: register,
    tp: register,
    t0: register,
    t1: register,
    t2: register,
    s0: register,
    s1: register,
    a0: register,
    a1: register,
    a2: register,
    a3: register,
    a4: register,
    a5: register,
    a6: register,
    a7: register,
    s2: register,
    s3: register,
    s4: register,
    s5: register,
    s6: register,
    s7: register,
    s8: register,
    s9: register,
    s10: register,
    s11: register,
    t3: register,
    t4: register,
    t5: register,
    t6: register,
  },
});

/** pt_regs of riscv, as the kernel's entry code saves it: the user registers and five more words. */
export const RISCV_PT_REGS = defineStruct('riscv_pt_regs', {
  regs: nested(RISCV_USER_REGS),
  status: register,
  badaddr: register,
  cause: register,
  orig_a0: register,
});

export const RISCV_D_EXT_STATE = defineStruct('riscv_d_ext_state', { f: array(bigU64, 32), fcsr: u32 });
/** The union of the F, D and Q states, of the Q state's size and alignment. */
export const RISCV_FP_STATE = structByArch('riscv_fp_state', {
  riscv64: { f: aligned(16, array(bigU64, 32)), fcsr: u32, _rest: bytes(528 - 260) },
});
export const RISCV_SIGCONTEXT = structByArch('riscv_sigcontext', {
  riscv64: { sc_regs: nested(RISCV_USER_REGS), sc_fpregs: nested(RISCV_FP_STATE) },
});
export const RISCV_UCONTEXT = structByArch('riscv_ucontext', {
  riscv64: {
    uc_flags: ulong,
    uc_link: pointer,
    uc_stack: nested(STACK_T),
    uc_sigmask: bigU64,
    _unused: bytes(120),
    uc_mcontext: nested(RISCV_SIGCONTEXT),
  },
});
export const RISCV_RT_SIGFRAME = structByArch('riscv_rt_sigframe', {
  riscv64: { info: nested(SIGINFO), uc: nested(RISCV_UCONTEXT) },
});

/** The FXSAVE area, which is also the first part of an XSAVE area. */
export const X86_FPSTATE = defineStruct('x86_fpstate', {
  cwd: u16,
  swd: u16,
  twd: u16,
  fop: u16,
  rip: bigU64,
  rdp: bigU64,
  mxcsr: u32,
  mxcsr_mask: u32,
  st_space: array(u32, 32),
  xmm_space: array(u32, 64),
  _reserved2: array(u32, 12),
  _reserved3: array(u32, 12),
});
export const X86_64_SIGCONTEXT = structByArch('x86_64_sigcontext', {
  x86_64: {
    r8: register,
    r9: register,
    r10: register,
    r11: register,
    r12: register,
    r13: register,
    r14: register,
    r15: register,
    rdi: register,
    rsi: register,
    rbp: register,
    rbx: register,
    rdx: register,
    rax: register,
    rcx: register,
    rsp: register,
    rip: register,
    eflags: register,
    cs: u16,
    gs: u16,
    fs: u16,
    ss: u16,
    err: register,
    trapno: register,
    oldmask: register,
    cr2: register,
    fpstate: pointer,
    _reserved1: array(bigU64, 8),
  },
});
export const X86_64_UCONTEXT = structByArch('x86_64_ucontext', {
  x86_64: {
    uc_flags: ulong,
    uc_link: pointer,
    uc_stack: nested(STACK_T),
    uc_mcontext: nested(X86_64_SIGCONTEXT),
    uc_sigmask: bigU64,
  },
});
/** rsp is 8 below a multiple of 16 here, as after a call. */
export const X86_64_RT_SIGFRAME = structByArch('x86_64_rt_sigframe', {
  x86_64: { pretcode: pointer, uc: nested(X86_64_UCONTEXT), info: nested(SIGINFO) },
});
/** user_regs_struct of x86-64: pt_regs, then the segment registers that PTRACE_GETREGS adds. */
export const X86_64_USER_REGS = structByArch('x86_64_user_regs', {
  x86_64: {
    r15: register,
    r14: register,
    r13: register,
    r12: register,
    rbp: register,
    rbx: register,
    r11: register,
    r10: register,
    r9: register,
    r8: register,
    rax: register,
    rcx: register,
    rdx: register,
    rsi: register,
    rdi: register,
    orig_rax: register,
    rip: register,
    cs: register,
    eflags: register,
    rsp: register,
    ss: register,
    fs_base: register,
    gs_base: register,
    ds: register,
    es: register,
    fs: register,
    gs: register,
  },
});

export const I386_SIGCONTEXT = structByArch('i386_sigcontext', {
  i386: {
    gs: u16,
    _gsh: u16,
    fs: u16,
    _fsh: u16,
    es: u16,
    _esh: u16,
    ds: u16,
    _dsh: u16,
    edi: u32,
    esi: u32,
    ebp: u32,
    esp: u32,
    ebx: u32,
    edx: u32,
    ecx: u32,
    eax: u32,
    trapno: u32,
    err: u32,
    eip: u32,
    cs: u16,
    _csh: u16,
    eflags: u32,
    esp_at_signal: u32,
    ss: u16,
    _ssh: u16,
    fpstate: u32,
    oldmask: u32,
    cr2: u32,
  },
});
export const I386_UCONTEXT = structByArch('i386_ucontext', {
  i386: {
    uc_flags: ulong,
    uc_link: pointer,
    uc_stack: nested(STACK_T),
    uc_mcontext: nested(I386_SIGCONTEXT),
    uc_sigmask: bigU64,
  },
});
export const I386_RT_SIGFRAME = structByArch('i386_rt_sigframe', {
  i386: {
    pretcode: pointer,
    sig: i32,
    pinfo: pointer,
    puc: pointer,
    info: nested(SIGINFO),
    uc: nested(I386_UCONTEXT),
    retcode: bytes(8),
  },
});
/** pt_regs of i386 as ptrace shows it. */
export const I386_USER_REGS = structByArch('i386_user_regs', {
  i386: {
    ebx: u32,
    ecx: u32,
    edx: u32,
    esi: u32,
    edi: u32,
    ebp: u32,
    eax: u32,
    ds: u32,
    es: u32,
    fs: u32,
    gs: u32,
    orig_eax: u32,
    eip: u32,
    cs: u32,
    eflags: u32,
    esp: u32,
    ss: u32,
  },
});
