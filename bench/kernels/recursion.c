/* The 25th Fibonacci number by the naive recursion, and Ackermann's function at (2, 200). */
#include "kernel.h"

__attribute__((noinline)) static uint64_t fibonacci(uint64_t n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

__attribute__((noinline)) static uint64_t ackermann(uint64_t m, uint64_t n) {
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

uint64_t kernel(void) { return fibonacci(25) * 1000 + ackermann(2, 200); }
