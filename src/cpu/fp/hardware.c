/*
 * Runs single floating-point instructions on a real processor (x86-64 with SSE2 and FMA, or riscv64) and reports what they gave.
 *
 * stdin:  records of { u32 operation + 32 * is64, u32 rounding mode (RISC-V's numbering), u64 a, u64 b, u64 c }
 * stdout: records of { u64 result, u64 flags (RISC-V's numbering) }; flags = ~0 where this processor has no such operation.
 * NaN results are made canonical, since x86 passes payloads on. Operations are numbered as in test-operations.ts.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum operation {
  ADD, SUB, MUL, DIV, SQRT, FMADD, FMSUB, FNMSUB, FNMADD, EQ, LT, LE, MIN, MAX, CLASS,
  TO_I32, TO_U32, TO_I64, TO_U64, FROM_I32, FROM_U32, FROM_I64, FROM_U64, CONVERT,
};

struct request { uint32_t operation, rounding_mode; uint64_t a, b, c; };
struct response { uint64_t result, flags; };

#define UNSUPPORTED (~(uint64_t)0)

static float f32_of(uint64_t bits) { union { uint32_t u; float f; } v = { .u = bits }; return v.f; }
static double f64_of(uint64_t bits) { union { uint64_t u; double f; } v = { .u = bits }; return v.f; }
static uint64_t bits_of_f32(float f) {
  union { float f; uint32_t u; } v = { .f = f };
  return (v.u & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : v.u;
}
static uint64_t bits_of_f64(double f) {
  union { double f; uint64_t u; } v = { .f = f };
  return (v.u & ~(1ull << 63)) > 0x7ff0000000000000 ? 0x7ff8000000000000 : v.u;
}

#if defined(__riscv)

#define BINARY(code, mnemonic) case code: asm volatile(mnemonic " %0, %1, %2" : "=f"(r) : "f"(a), "f"(b)); break;
#define TERNARY(code, mnemonic) \
  case code: asm volatile(mnemonic " %0, %1, %2, %3" : "=f"(r) : "f"(a), "f"(b), "f"(c)); break;
#define TO_INTEGER(code, mnemonic) case code: asm volatile(mnemonic " %0, %1" : "=r"(n) : "f"(a)); integer = 1; break;
#define TO_INTEGER2(code, mnemonic) \
  case code: asm volatile(mnemonic " %0, %1, %2" : "=r"(n) : "f"(a), "f"(b)); integer = 1; break;
#define FROM_INTEGER(code, mnemonic) case code: asm volatile(mnemonic " %0, %1" : "=f"(r) : "r"(q->a)); break;

#define EXECUTE(name, type, suffix, of, bits_of, other, bits_of_other, convert) \
  static struct response name(const struct request *q) { \
    type a = of(q->a), b = of(q->b), c = of(q->c), r = 0; \
    other wide = 0; \
    uint64_t n = 0, flags; \
    int integer = 0; \
    asm volatile("fsrm x0, %0\n fsflags x0, x0" : : "r"((uint64_t)q->rounding_mode)); \
    switch (q->operation & 31) { \
      BINARY(ADD, "fadd." suffix) BINARY(SUB, "fsub." suffix) BINARY(MUL, "fmul." suffix) BINARY(DIV, "fdiv." suffix) \
      case SQRT: asm volatile("fsqrt." suffix " %0, %1" : "=f"(r) : "f"(a)); break; \
      TERNARY(FMADD, "fmadd." suffix) TERNARY(FMSUB, "fmsub." suffix) \
      TERNARY(FNMSUB, "fnmsub." suffix) TERNARY(FNMADD, "fnmadd." suffix) \
      TO_INTEGER2(EQ, "feq." suffix) TO_INTEGER2(LT, "flt." suffix) TO_INTEGER2(LE, "fle." suffix) \
      BINARY(MIN, "fmin." suffix) BINARY(MAX, "fmax." suffix) TO_INTEGER(CLASS, "fclass." suffix) \
      TO_INTEGER(TO_I32, "fcvt.w." suffix) TO_INTEGER(TO_U32, "fcvt.wu." suffix) \
      TO_INTEGER(TO_I64, "fcvt.l." suffix) TO_INTEGER(TO_U64, "fcvt.lu." suffix) \
      FROM_INTEGER(FROM_I32, "fcvt." suffix ".w") FROM_INTEGER(FROM_U32, "fcvt." suffix ".wu") \
      FROM_INTEGER(FROM_I64, "fcvt." suffix ".l") FROM_INTEGER(FROM_U64, "fcvt." suffix ".lu") \
      case CONVERT: asm volatile(convert " %0, %1" : "=f"(wide) : "f"(a)); break; \
    } \
    asm volatile("frflags %0" : "=r"(flags)); \
    int code = q->operation & 31; \
    if (code == TO_I32 || code == TO_U32) n = (uint32_t)n; \
    return (struct response){ code == CONVERT ? bits_of_other(wide) : integer ? n : bits_of(r), flags }; \
  }

EXECUTE(execute_f32, float, "s", f32_of, bits_of_f32, double, bits_of_f64, "fcvt.d.s")
EXECUTE(execute_f64, double, "d", f64_of, bits_of_f64, float, bits_of_f32, "fcvt.s.d")

#elif defined(__x86_64__)

/* IE, DE, ZE, OE, UE, PE of MXCSR in RISC-V's order. */
static uint64_t flags_of(uint32_t mxcsr) {
  return (mxcsr & 1) << 4 | (mxcsr & 4) << 1 | (mxcsr & 8) >> 1 | (mxcsr & 16) >> 3 | (mxcsr & 32) >> 5;
}

/* RNE, RTZ, RDN, RUP as MXCSR.RC. There is no RMM. */
static const uint32_t rounding_control[4] = { 0x0000, 0x6000, 0x2000, 0x4000 };

#define BINARY(code, mnemonic) case code: r = a; asm volatile(mnemonic " %1, %0" : "+x"(r) : "x"(b)); break;
#define FUSED(code, mnemonic) \
  case code: \
    if (!has_fma) unsupported = 1; \
    else { r = c; asm volatile(mnemonic " %2, %1, %0" : "+x"(r) : "x"(a), "x"(b)); } \
    break;
#define COMPARE(code, mnemonic, condition) \
  case code: asm volatile(mnemonic " %2, %1\n set" condition " %b0" : "+q"(n) : "x"(b), "x"(a) : "cc"); integer = 1; break;

#define EXECUTE(name, type, suffix, of, bits_of, other, bits_of_other, convert) \
  static struct response name(const struct request *q, int has_fma) { \
    type a = of(q->a), b = of(q->b), c = of(q->c), r = 0; \
    other wide = 0; \
    uint64_t n = 0; \
    int integer = 0, unsupported = q->rounding_mode > 3; \
    uint32_t before = 0x1f80 | rounding_control[q->rounding_mode & 3], after, normal = 0x1f80; \
    int64_t integer_a = (int64_t)q->a; \
    asm volatile("ldmxcsr %0" : : "m"(before)); \
    switch (q->operation & 31) { \
      BINARY(ADD, "adds" suffix) BINARY(SUB, "subs" suffix) BINARY(MUL, "muls" suffix) BINARY(DIV, "divs" suffix) \
      case SQRT: asm volatile("sqrts" suffix " %1, %0" : "=x"(r) : "x"(a)); break; \
      FUSED(FMADD, "vfmadd231s" suffix) FUSED(FMSUB, "vfmsub231s" suffix) \
      FUSED(FNMSUB, "vfnmadd231s" suffix) FUSED(FNMADD, "vfnmsub231s" suffix) \
      case EQ: \
        asm volatile("ucomis" suffix " %2, %1\n sete %b0\n setnp %%cl\n andb %%cl, %b0" \
                     : "+q"(n) : "x"(b), "x"(a) : "cc", "rcx"); \
        integer = 1; break; \
      COMPARE(LT, "comis" suffix, "a") COMPARE(LE, "comis" suffix, "ae") \
      case TO_I32: { uint32_t m; asm volatile("cvts" suffix "2si %1, %k0" : "=r"(m) : "x"(a)); n = m; integer = 1; break; } \
      case TO_I64: asm volatile("cvts" suffix "2si %1, %q0" : "=r"(n) : "x"(a)); integer = 1; break; \
      case FROM_I32: asm volatile("cvtsi2s" suffix "l %k1, %0" : "+x"(r) : "r"(integer_a)); break; \
      case FROM_I64: asm volatile("cvtsi2s" suffix "q %q1, %0" : "+x"(r) : "r"(integer_a)); break; \
      case CONVERT: asm volatile(convert " %1, %0" : "=x"(wide) : "x"(a)); break; \
      default: unsupported = 1; \
    } \
    asm volatile("stmxcsr %0\n ldmxcsr %1" : "=m"(after) : "m"(normal)); \
    if (unsupported) return (struct response){ 0, UNSUPPORTED }; \
    uint64_t result = (q->operation & 31) == CONVERT ? bits_of_other(wide) : integer ? n : bits_of(r); \
    return (struct response){ result, flags_of(after) }; \
  }

EXECUTE(execute_f32_x86, float, "s", f32_of, bits_of_f32, double, bits_of_f64, "cvtss2sd")
EXECUTE(execute_f64_x86, double, "d", f64_of, bits_of_f64, float, bits_of_f32, "cvtsd2ss")

static struct response execute_f32(const struct request *q) { return execute_f32_x86(q, __builtin_cpu_supports("fma")); }
static struct response execute_f64(const struct request *q) { return execute_f64_x86(q, __builtin_cpu_supports("fma")); }

#else

static struct response execute_f32(const struct request *q) { (void)q; return (struct response){ 0, UNSUPPORTED }; }
static struct response execute_f64(const struct request *q) { (void)q; return (struct response){ 0, UNSUPPORTED }; }

#endif

int main(void) {
  static struct request requests[4096];
  static struct response responses[4096];
  size_t count;
  while ((count = fread(requests, sizeof *requests, 4096, stdin)) > 0) {
    for (size_t i = 0; i < count; i++)
      responses[i] = requests[i].operation >= 32 ? execute_f64(&requests[i]) : execute_f32(&requests[i]);
    if (fwrite(responses, sizeof *responses, count, stdout) != count) return 1;
  }
  return 0;
}
