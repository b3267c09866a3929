/* Functions that compilers call on their own: memory functions and 128-bit division. A service that
 * defines one of them itself gets its own. Written for `jambox build`, and linked into every service
 * in C; the linker leaves out those without a call. */
#include <stddef.h>
#include <stdint.h>

#ifdef JAMBOX_MISSING
#include "jambox.h"
struct jambox_pair jambox_missing(uint64_t arguments, uint64_t length) { __builtin_trap(); }
JAMBOX_MISSING(jambox_missing);
#endif

/* The compiler may not turn loops in these functions into calls of them. */
#define BUILTIN __attribute__((weak, used, no_builtin))

/* Unaligned words: the PVM allows them, and a word costs the same gas as an octet. */
typedef uint64_t __attribute__((aligned(1), may_alias)) word;

BUILTIN void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    unsigned char *t = to;
    const unsigned char *f = from;
    for (; count >= 8; count -= 8, t += 8, f += 8) *(word *)t = *(const word *)f;
    for (; count > 0; count--) *t++ = *f++;
    return to;
}

BUILTIN void *memmove(void *to, const void *from, size_t count) {
    unsigned char *t = to;
    const unsigned char *f = from;
    if ((uintptr_t)t - (uintptr_t)f >= count) {
        for (; count >= 8; count -= 8, t += 8, f += 8) *(word *)t = *(const word *)f;
        for (; count > 0; count--) *t++ = *f++;
        return to;
    }
    for (; count >= 8; count -= 8) *(word *)(t + count - 8) = *(const word *)(f + count - 8);
    for (; count > 0; count--) t[count - 1] = f[count - 1];
    return to;
}

BUILTIN void *memset(void *to, int octet, size_t count) {
    unsigned char *t = to;
    uint64_t eight = (unsigned char)octet * 0x0101010101010101ull;
    for (; count >= 8; count -= 8, t += 8) *(word *)t = eight;
    for (; count > 0; count--) *t++ = (unsigned char)octet;
    return to;
}

BUILTIN int memcmp(const void *left, const void *right, size_t count) {
    const unsigned char *l = left, *r = right;
    for (; count > 0; count--, l++, r++)
        if (*l != *r) return *l < *r ? -1 : 1;
    return 0;
}

typedef unsigned __int128 u128;
typedef __int128 i128;

/* Shift and subtract, from the highest bit that the quotient can have. */
static u128 divide(u128 dividend, u128 divisor, u128 *rest) {
    u128 quotient = 0, remainder = 0;
    if (divisor == 0) __builtin_trap();
    if ((dividend >> 64) == 0 && (divisor >> 64) == 0) {
        *rest = (uint64_t)dividend % (uint64_t)divisor;
        return (uint64_t)dividend / (uint64_t)divisor;
    }
    for (int bit = 127; bit >= 0; bit--) {
        int carry = (int)(remainder >> 127);
        remainder = remainder << 1 | (dividend >> bit & 1);
        if (carry || remainder >= divisor) {
            remainder -= divisor;
            quotient |= (u128)1 << bit;
        }
    }
    *rest = remainder;
    return quotient;
}

static u128 magnitude(i128 number) { return number < 0 ? -(u128)number : (u128)number; }

BUILTIN u128 __udivti3(u128 dividend, u128 divisor) {
    u128 rest;
    return divide(dividend, divisor, &rest);
}

BUILTIN u128 __umodti3(u128 dividend, u128 divisor) {
    u128 rest;
    divide(dividend, divisor, &rest);
    return rest;
}

BUILTIN i128 __divti3(i128 dividend, i128 divisor) {
    u128 rest, quotient = divide(magnitude(dividend), magnitude(divisor), &rest);
    return (i128)((dividend < 0) != (divisor < 0) ? -quotient : quotient);
}

BUILTIN i128 __modti3(i128 dividend, i128 divisor) {
    u128 rest;
    divide(magnitude(dividend), magnitude(divisor), &rest);
    return (i128)(dividend < 0 ? -rest : rest);
}
