/* Heapsort of 20,000 pseudo-random numbers. */
#include "kernel.h"

#define COUNT 20000

static uint64_t numbers[COUNT];

static void sift_down(size_t root, size_t end) {
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= end) return;
        if (child + 1 < end && numbers[child] < numbers[child + 1]) child++;
        if (numbers[root] >= numbers[child]) return;
        uint64_t swap = numbers[root];
        numbers[root] = numbers[child];
        numbers[child] = swap;
        root = child;
    }
}

uint64_t kernel(void) {
    uint64_t state = 88172645463325252ull;
    for (size_t i = 0; i < COUNT; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        numbers[i] = state;
    }
    for (size_t root = COUNT / 2; root-- > 0;) sift_down(root, COUNT);
    for (size_t end = COUNT; end-- > 1;) {
        uint64_t swap = numbers[0];
        numbers[0] = numbers[end];
        numbers[end] = swap;
        sift_down(0, end);
    }
    uint64_t mix = 0;
    for (size_t i = 0; i < COUNT; i++) mix = mix * 31 + numbers[i];
    return mix;
}
