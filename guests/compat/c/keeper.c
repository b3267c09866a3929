/* Gives the first work item's payload back from refine, and keeps the arguments of its last
 * accumulation. Built by `jambox build guests/compat/c`. */
#include "jambox.h"

#define PAYLOAD 13 /* the kind of `fetch` */

static uint8_t output[1024];

struct jambox_pair refine(uint64_t arguments, uint64_t length) {
    (void)arguments;
    (void)length;
    uint64_t size = jambox_fetch((uint64_t)output, 0, sizeof output, PAYLOAD, 0, 0).r7;
    if (size == JAMBOX_NONE) size = 0;
    if (size > sizeof output) size = sizeof output;
    return (struct jambox_pair){(uint64_t)output, size};
}

struct jambox_pair accumulate(uint64_t arguments, uint64_t length) {
    static const char key[] = "last";
    jambox_write((uint64_t)key, sizeof key - 1, arguments, length, 0, 0);
    return (struct jambox_pair){0, 0};
}

JAMBOX_REFINE(refine);
JAMBOX_ACCUMULATE(accumulate);
