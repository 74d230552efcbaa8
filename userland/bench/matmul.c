/*
 * Multiplication of matrices of doubles, 256 by 256, one number after the other. Compiled twice: as the compiler likes, which on riscv64 is
 * with fused multiply-add, and with PLAIN and -ffp-contract=off.
 */
#include "bench.h"

enum { SIZE = 256 };
static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

/* A unit is eight rows of the product. The check is rounded: fused and plain products differ in their last bits. */
static uint64_t matmul(long n) {
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = 1.0 / (1 + i + j);
            b[i][j] = 1.0 / (1 + i * j);
        }
    for (long unit = 0; unit < n; unit++)
        for (int row = 0; row < 8; row++) {
            int i = (unit * 8 + row) % SIZE;
            for (int j = 0; j < SIZE; j++) {
                double sum = 0;
                for (int k = 0; k < SIZE; k++) sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        }
    return (uint64_t)(c[5][SIZE / 3] * 1e9 + 0.5);
}

#ifdef PLAIN
const struct benchmark matmul_plain_group[] = {{"matmul-plain", matmul, 640}, {0}};
#else
const struct benchmark matmul_fused_group[] = {{"matmul", matmul, 640}, {0}};
#endif
