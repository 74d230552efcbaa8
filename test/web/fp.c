/* Multiply-adds, fused, and what else has a fast way on the host: prints the bits of what comes of them. Without a C library, to be small. */
static long call(long number, long a, const void *b, long c) {
  register long a7 __asm__("a7") = number, a0 __asm__("a0") = a, a1 __asm__("a1") = (long)b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}

void _start(void) {
  double x = 0.5, sum = 0;
  float single = 0.25f;
  for (int i = 1; i < 40000000; i++) {
    x = __builtin_fma(x, 3.9999, -(x * x) * 3.9999);
    sum = __builtin_fma(x, 1.0 / i, sum) + __builtin_sqrt(x);
    single = __builtin_fmaf(single, 3.9f, -(single * single) * 3.9f);
  }
  union {
    double number;
    unsigned long bits;
  } results[] = {{x}, {sum}, {single}};
  for (int i = 0; i < 3; i++) {
    char text[17];
    for (int digit = 0; digit < 16; digit++) text[digit] = "0123456789abcdef"[results[i].bits >> (60 - 4 * digit) & 15];
    text[16] = i < 2 ? '-' : '\n';
    call(64, 1, text, sizeof text);
  }
  call(93, 0, 0, 0);
}
