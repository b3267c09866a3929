/* The product of two 64 x 64 matrices of 64-bit integers, three times over. */
#include "kernel.h"

#define N 64

static uint64_t a[N][N], b[N][N], c[N][N];

uint64_t kernel(void) {
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            a[i][j] = i * 31 + j;
            b[i][j] = i ^ (j * 17);
        }
    }
    uint64_t trace = 0;
    for (unsigned time = 0; time < 3; time++) {
        for (size_t i = 0; i < N; i++) {
            for (size_t j = 0; j < N; j++) {
                uint64_t sum = 0;
                for (size_t k = 0; k < N; k++) sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        }
        for (size_t i = 0; i < N; i++) {
            trace += c[i][i];
            for (size_t j = 0; j < N; j++) a[i][j] = c[j][i] >> 3;
        }
    }
    return trace;
}
