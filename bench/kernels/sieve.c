/* The sum of the primes below 300,000, by a sieve of one octet a number. */
#include "kernel.h"

#define LIMIT 300000

static uint8_t composite[LIMIT];

uint64_t kernel(void) {
    uint64_t sum = 0;
    for (uint32_t n = 2; n < LIMIT; n++) {
        if (composite[n]) continue;
        sum += n;
        for (uint32_t m = 2 * n; m < LIMIT; m += n) composite[m] = 1;
    }
    return sum;
}
