/* Integer and floating-point work within registers and caches. */
#include <string.h>

#include "bench.h"

/* Larger than caches, as sieves are in earnest. */
static uint64_t sieve(long n) {
    enum { SIZE = 1 << 25 };
    static unsigned char composite[SIZE];
    uint64_t primes = 0;
    for (long round = 0; round < n; round++) {
        memset(composite, 0, SIZE);
        for (uint32_t i = 2; i * i < SIZE; i++)
            if (!composite[i])
                for (uint32_t j = i * i; j < SIZE; j += i) composite[j] = 1;
        for (uint32_t i = 2; i < SIZE; i++) primes += !composite[i];
    }
    return primes;
}

/* FIPS 180-4. */
static const uint32_t sha_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void sha256_block(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t low = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t high = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + low + w[i - 7] + high;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + sha_constants[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    uint32_t s[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

/* A unit is 64 KiB. */
static uint64_t sha256(long n) {
    enum { SIZE = 65536 };
    static uint8_t data[SIZE];
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    for (int i = 0; i < SIZE; i++) data[i] = (uint8_t)(i * 31 + (i >> 8));
    for (long round = 0; round < n; round++)
        for (int at = 0; at < SIZE; at += 64) sha256_block(state, data + at);
    return (uint64_t)state[0] << 32 | state[7];
}

static __attribute__((noinline)) uint64_t fib_of(unsigned k) { return k < 2 ? k : fib_of(k - 1) + fib_of(k - 2); }

static uint64_t fib(long n) {
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) sum += fib_of(35);
    return sum;
}

/* A unit is a line of 256 points. */
static uint64_t mandelbrot(long n) {
    enum { WIDTH = 256, LIMIT = 200 };
    uint64_t steps = 0;
    for (long line = 0; line < n; line++)
        for (int column = 0; column < WIDTH; column++) {
            double cr = column * (3.0 / WIDTH) - 2.0, ci = (line % 256) * (2.0 / 256) - 1.0;
            double r = 0, i = 0;
            int k = 0;
            for (; k < LIMIT && r * r + i * i < 4.0; k++) {
                double next = r * r - i * i + cr;
                i = 2 * r * i + ci;
                r = next;
            }
            steps += k;
        }
    return steps;
}

const struct benchmark compute_group[] = {
    {"sieve", sieve, 6}, {"sha256", sha256, 800}, {"fib", fib, 10}, {"mandelbrot", mandelbrot, 8192}, {0}};
