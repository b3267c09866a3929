/* Loops over octets: fill, copy, reverse, compare, count, CRC-32. */
#include "kernel.h"

#define LENGTH 16384

static uint8_t from[LENGTH], to[LENGTH];

uint64_t kernel(void) {
    uint64_t total = 0;
    for (unsigned time = 0; time < 8; time++) {
        for (size_t i = 0; i < LENGTH; i++) from[i] = (uint8_t)(i * (time + 3));
        for (size_t i = 0; i < LENGTH; i++) to[LENGTH - 1 - i] = from[i];
        size_t same = 0, spaces = 0;
        for (size_t i = 0; i < LENGTH; i++) {
            if (from[i] == to[i]) same++;
            if (to[i] == ' ') spaces++;
        }
        uint32_t crc = ~0u;
        for (size_t i = 0; i < LENGTH / 4; i++) {
            crc ^= to[i];
            for (unsigned bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
        }
        total = total * 31 + same * 7 + spaces + ~crc;
    }
    return total;
}
