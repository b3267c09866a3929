/* The octets of the arguments in reverse order: a program for inner machines, in C. Built by `jambox
 * build guests/reversed`; the service guests/library runs it. */
#include "jambox.h"

#define MOST 4096 /* octets; the rest of longer arguments is left out */

static uint8_t output[MOST];

struct jambox_pair reversed(uint64_t arguments, uint64_t length) {
    const uint8_t *input = (const uint8_t *)arguments;
    if (length > MOST) length = MOST;
    for (uint64_t i = 0; i < length; i++) output[length - 1 - i] = input[i];
    return (struct jambox_pair){(uint64_t)output, length};
}

JAMBOX_LIBRARY(reversed);
