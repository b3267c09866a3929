/* The sum of the greatest common divisors of neighbours in a sequence, by Euclid. */
#include "kernel.h"

uint64_t kernel(void) {
    uint64_t a = 1000003, sum = 0;
    for (unsigned i = 0; i < 40000; i++) {
        uint64_t b = a * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t x = a >> 20, y = b >> 20;
        while (y) {
            uint64_t rest = x % y;
            x = y;
            y = rest;
        }
        sum += x;
        a = b;
    }
    return sum;
}
