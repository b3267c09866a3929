/* Floating point without instructions for it: the functions of GCC's and LLVM's runtime libraries
 * for `float` and `double`. IEEE 754, to nearest, ties to even; every NaN of a result has the same
 * octets. A number is `part * 2^exponent`, exactly, and is rounded once. */
#include <stdint.h>

#define BUILTIN __attribute__((weak, used, no_builtin))

typedef unsigned __int128 u128;
typedef __int128 i128;

/* Finite numbers, infinities, NaNs. */
enum kind { NUMBER, INFINITE, NONE };

struct number {
    enum kind kind;
    int negative;
    int exponent;
    u128 part;
};

/* The formats, each by the bits of its fraction. */
enum { SINGLE = 23, DOUBLE = 52 };

static inline int least(int fraction) { return fraction == DOUBLE ? -1074 : -149; }
static inline int largest(int fraction) { return fraction == DOUBLE ? 2047 : 255; }

static inline uint64_t octets_of(double value) {
    union { double value; uint64_t octets; } same = {value};
    return same.octets;
}

static inline double double_of(uint64_t octets) {
    union { uint64_t octets; double value; } same = {octets};
    return same.value;
}

static inline uint32_t short_octets_of(float value) {
    union { float value; uint32_t octets; } same = {value};
    return same.octets;
}

static inline float float_of(uint64_t octets) {
    union { uint32_t octets; float value; } same = {(uint32_t)octets};
    return same.value;
}

static struct number opened(uint64_t octets, int fraction) {
    int exponent = (int)(octets >> fraction) & largest(fraction);
    uint64_t part = octets & (((uint64_t)1 << fraction) - 1);
    int negative = (int)(octets >> (fraction == DOUBLE ? 63 : 31)) & 1;
    enum kind kind = exponent < largest(fraction) ? NUMBER : part ? NONE : INFINITE;
    if (exponent == 0) return (struct number){kind, negative, least(fraction), part};
    part |= (uint64_t)1 << fraction;
    return (struct number){kind, negative, least(fraction) + exponent - 1, part};
}

static int bits_of(u128 part) {
    uint64_t high = (uint64_t)(part >> 64), low = (uint64_t)part;
    return high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
}

/* `part` shifted to the right; the lowest bit is also set if a bit that was shifted out is 1. */
static u128 shifted(u128 part, int by) {
    if (by <= 0) return part;
    if (by > 127) return part != 0;
    return part >> by | ((part & (((u128)1 << by) - 1)) != 0);
}

static uint64_t closed(struct number it, int fraction) {
    uint64_t sign = (uint64_t)it.negative << (fraction == DOUBLE ? 63 : 31);
    uint64_t infinite = (uint64_t)largest(fraction) << fraction;
    if (it.kind == NONE) return infinite | (uint64_t)1 << (fraction - 1);
    if (it.kind == INFINITE) return sign | infinite;
    if (it.part == 0) return sign;
    /* Number of bits to drop; two bits more than the fraction stay, for rounding. */
    int by = bits_of(it.part) - (fraction + 1);
    if (it.exponent + by < least(fraction)) by = least(fraction) - it.exponent;
    uint64_t part;
    if (by > 2) {
        uint64_t more = (uint64_t)shifted(it.part, by - 2);
        part = (more >> 2) + ((more & 3) > 2 || (more & 7) == 6);
    } else if (by > 0) {
        uint64_t more = (uint64_t)(it.part << (2 - by));
        part = (more >> 2) + ((more & 3) > 2 || (more & 7) == 6);
    } else {
        part = (uint64_t)it.part << -by;
    }
    int exponent = it.exponent + by - least(fraction);
    if (part >> (fraction + 1)) part >>= 1, exponent++;
    /* The bit above the fraction is not stored: it adds one to the exponent. */
    int written = exponent + (part >> fraction ? 1 : 0);
    if (written >= largest(fraction)) return sign | infinite;
    return sign | (uint64_t)written << fraction | (part & (((uint64_t)1 << fraction) - 1));
}

static struct number sum(struct number a, struct number b) {
    if (a.kind == NONE || b.kind == NONE) return (struct number){NONE, 0, 0, 0};
    if (a.kind == INFINITE && b.kind == INFINITE && a.negative != b.negative)
        return (struct number){NONE, 0, 0, 0};
    if (a.kind == INFINITE) return a;
    if (b.kind == INFINITE) return b;
    if (a.part == 0 && b.part == 0) {
        a.negative &= b.negative;
        return a;
    }
    if (a.part == 0) return b;
    if (b.part == 0) return a;
    if (a.exponent < b.exponent) {
        struct number other = a;
        a = b, b = other;
    }
    /* Room for all bits that can affect the result: two below the lowest of the larger number. */
    a.part <<= 64, a.exponent -= 64;
    int by = a.exponent - b.exponent;
    u128 part = by >= 0 ? shifted(b.part, by) : b.part << -by;
    if (a.negative == b.negative) {
        a.part += part;
    } else if (a.part >= part) {
        a.part -= part;
        if (a.part == 0) a.negative = 0;
    } else {
        a.part = part - a.part, a.negative = b.negative;
    }
    return a;
}

static struct number product(struct number a, struct number b) {
    int negative = a.negative != b.negative;
    if (a.kind == NONE || b.kind == NONE) return (struct number){NONE, 0, 0, 0};
    if (a.kind == INFINITE || b.kind == INFINITE) {
        int zero = (a.kind == NUMBER && a.part == 0) || (b.kind == NUMBER && b.part == 0);
        return (struct number){zero ? NONE : INFINITE, negative, 0, 0};
    }
    u128 part = (u128)(uint64_t)a.part * (uint64_t)b.part;
    return (struct number){NUMBER, negative, a.exponent + b.exponent, part};
}

static struct number quotient(struct number a, struct number b) {
    int negative = a.negative != b.negative;
    if (a.kind == NONE || b.kind == NONE) return (struct number){NONE, 0, 0, 0};
    if (a.kind == INFINITE || b.kind == INFINITE) {
        if (a.kind == b.kind) return (struct number){NONE, 0, 0, 0};
        return (struct number){a.kind, negative, 0, 0};
    }
    if (b.part == 0) return (struct number){a.part ? INFINITE : NONE, negative, 0, 0};
    if (a.part == 0) return (struct number){NUMBER, negative, 0, 0};
    /* Both with their highest bit at the same place; each turn gives one bit of the result. */
    uint64_t rest = (uint64_t)a.part, by = (uint64_t)b.part, result = 0;
    int exponent = a.exponent - b.exponent;
    int difference = __builtin_clzll(by) - __builtin_clzll(rest);
    if (difference > 0) by <<= difference; else rest <<= -difference;
    for (int bit = 0; bit < DOUBLE + 4; bit++) {
        result <<= 1;
        if (rest >= by) rest -= by, result |= 1;
        rest <<= 1;
    }
    /* The remainder tells exactly halfway from more than halfway. */
    u128 part = (u128)result << 1 | (rest != 0);
    return (struct number){NUMBER, negative, exponent + difference - (DOUBLE + 4), part};
}

static double of_doubles(struct number (*of)(struct number, struct number), double a, double b,
                         int negate) {
    struct number left = opened(octets_of(a), DOUBLE), right = opened(octets_of(b), DOUBLE);
    right.negative ^= negate;
    return double_of(closed(of(left, right), DOUBLE));
}

static float of_floats(struct number (*of)(struct number, struct number), float a, float b,
                       int negate) {
    struct number left = opened(short_octets_of(a), SINGLE);
    struct number right = opened(short_octets_of(b), SINGLE);
    right.negative ^= negate;
    return float_of(closed(of(left, right), SINGLE));
}

BUILTIN double __adddf3(double a, double b) { return of_doubles(sum, a, b, 0); }
BUILTIN double __subdf3(double a, double b) { return of_doubles(sum, a, b, 1); }
BUILTIN double __muldf3(double a, double b) { return of_doubles(product, a, b, 0); }
BUILTIN double __divdf3(double a, double b) { return of_doubles(quotient, a, b, 0); }
BUILTIN float __addsf3(float a, float b) { return of_floats(sum, a, b, 0); }
BUILTIN float __subsf3(float a, float b) { return of_floats(sum, a, b, 1); }
BUILTIN float __mulsf3(float a, float b) { return of_floats(product, a, b, 0); }
BUILTIN float __divsf3(float a, float b) { return of_floats(quotient, a, b, 0); }
BUILTIN double __negdf2(double a) { return double_of(octets_of(a) ^ (uint64_t)1 << 63); }
BUILTIN float __negsf2(float a) { return float_of(short_octets_of(a) ^ (uint32_t)1 << 31); }

/* -1, 0 or 1; `none` where one of the two is a NaN. */
static long compared(uint64_t a, uint64_t b, int fraction, long none) {
    int sign = fraction == DOUBLE ? 63 : 31;
    uint64_t all = (uint64_t)largest(fraction) << fraction, mask = ((uint64_t)1 << sign) - 1;
    if ((a & mask) > all || (b & mask) > all) return none;
    int64_t left = (int64_t)(a & mask), right = (int64_t)(b & mask);
    if (a >> sign) left = -left;
    if (b >> sign) right = -right;
    return left < right ? -1 : left > right;
}

#define COMPARISON(name, none)                                                                     \
    BUILTIN long __##name##df2(double a, double b) {                                               \
        return compared(octets_of(a), octets_of(b), DOUBLE, none);                                 \
    }                                                                                              \
    BUILTIN long __##name##sf2(float a, float b) {                                                 \
        return compared(short_octets_of(a), short_octets_of(b), SINGLE, none);                     \
    }

COMPARISON(eq, 1)
COMPARISON(ne, 1)
COMPARISON(lt, 1)
COMPARISON(le, 1)
COMPARISON(gt, -1)
COMPARISON(ge, -1)

BUILTIN long __unorddf2(double a, double b) {
    return compared(octets_of(a), octets_of(b), DOUBLE, 2) == 2;
}
BUILTIN long __unordsf2(float a, float b) {
    return compared(short_octets_of(a), short_octets_of(b), SINGLE, 2) == 2;
}

BUILTIN double __extendsfdf2(float a) {
    return double_of(closed(opened(short_octets_of(a), SINGLE), DOUBLE));
}
BUILTIN float __truncdfsf2(double a) {
    return float_of(closed(opened(octets_of(a), DOUBLE), SINGLE));
}

/* Integer part, towards zero; at most `most`; 0 for a NaN. */
static u128 whole(struct number it, u128 most) {
    if (it.kind == NONE || (it.kind == NUMBER && it.part == 0)) return 0;
    if (it.kind == INFINITE || bits_of(it.part) + it.exponent > 128) return most;
    if (it.exponent <= -128) return 0;
    u128 part = it.exponent >= 0 ? it.part << it.exponent : it.part >> -it.exponent;
    return part < most ? part : most;
}

static i128 signed_whole(struct number it, int bits) {
    u128 most = (u128)1 << (bits - 1);
    u128 part = whole(it, it.negative ? most : most - 1);
    return (i128)(it.negative ? -part : part);
}

static u128 unsigned_whole(struct number it, int bits) {
    return it.negative ? 0 : whole(it, ~(u128)0 >> (128 - bits));
}

static struct number counted(u128 part, int negative) {
    return (struct number){NUMBER, negative, 0, negative ? -part : part};
}

#define CONVERSIONS(suffix, number, unsigned_number, bits)                                         \
    BUILTIN number __fixdf##suffix(double a) {                                                     \
        return (number)signed_whole(opened(octets_of(a), DOUBLE), bits);                           \
    }                                                                                              \
    BUILTIN number __fixsf##suffix(float a) {                                                      \
        return (number)signed_whole(opened(short_octets_of(a), SINGLE), bits);                     \
    }                                                                                              \
    BUILTIN unsigned_number __fixunsdf##suffix(double a) {                                         \
        return (unsigned_number)unsigned_whole(opened(octets_of(a), DOUBLE), bits);                \
    }                                                                                              \
    BUILTIN unsigned_number __fixunssf##suffix(float a) {                                          \
        return (unsigned_number)unsigned_whole(opened(short_octets_of(a), SINGLE), bits);          \
    }                                                                                              \
    BUILTIN double __float##suffix##df(number a) {                                                 \
        return double_of(closed(counted((u128)(i128)a, a < 0), DOUBLE));                           \
    }                                                                                              \
    BUILTIN float __float##suffix##sf(number a) {                                                  \
        return float_of(closed(counted((u128)(i128)a, a < 0), SINGLE));                            \
    }                                                                                              \
    BUILTIN double __floatun##suffix##df(unsigned_number a) {                                      \
        return double_of(closed(counted(a, 0), DOUBLE));                                           \
    }                                                                                              \
    BUILTIN float __floatun##suffix##sf(unsigned_number a) {                                       \
        return float_of(closed(counted(a, 0), SINGLE));                                            \
    }

CONVERSIONS(si, int32_t, uint32_t, 32)
CONVERSIONS(di, int64_t, uint64_t, 64)
CONVERSIONS(ti, i128, u128, 128)
