/* Included by every kernel: `uint64_t kernel(void)` becomes a program whose output is the eight
 * octets of its result; compiled natively (-DNATIVE) it prints the result instead. */
#include <stddef.h>
#include <stdint.h>

uint64_t kernel(void);

#ifdef NATIVE
#include <stdio.h>
int main(void) { printf("%llu\n", (unsigned long long)kernel()); return 0; }
#else
#include "jambox.h"

static uint64_t result;

struct jambox_pair entry(uint64_t arguments, uint64_t length) {
    (void)arguments;
    (void)length;
    result = kernel();
    return (struct jambox_pair){(uint64_t)(size_t)&result, sizeof result};
}

JAMBOX_IS_AUTHORIZED(entry);

/* The compiler may call these for copies and clears. */
void *memset(void *to, int value, size_t length) {
    unsigned char *octets = to;
    for (size_t i = 0; i < length; i++) octets[i] = (unsigned char)value;
    return to;
}

void *memcpy(void *to, const void *from, size_t length) {
    unsigned char *target = to;
    const unsigned char *source = from;
    for (size_t i = 0; i < length; i++) target[i] = source[i];
    return to;
}
#endif
