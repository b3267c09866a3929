/* A small stack machine that adds up the numbers from 10,000 to 1 with their squares' low bits. */
#include "kernel.h"

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, AND, JUMP_IF, HALT };

struct instruction {
    uint32_t operation;
    uint32_t operand;
};

/* 0: counter, 1: sum */
static const struct instruction program[] = {
    {PUSH, 10000}, {STORE, 0},
    {LOAD, 1}, {LOAD, 0}, {ADD, 0}, {STORE, 1},
    {LOAD, 1}, {LOAD, 0}, {LOAD, 0}, {MUL, 0}, {PUSH, 255}, {AND, 0}, {ADD, 0}, {STORE, 1},
    {LOAD, 0}, {PUSH, 1}, {SUB, 0}, {STORE, 0},
    {LOAD, 0}, {JUMP_IF, 2},
    {HALT, 0},
};

static uint64_t stack[16], variables[4];

uint64_t kernel(void) {
    uint64_t *top = stack;
    size_t pc = 0;
    for (;;) {
        const struct instruction *at = &program[pc++];
        switch (at->operation) {
        case PUSH: *top++ = at->operand; break;
        case LOAD: *top++ = variables[at->operand]; break;
        case STORE: variables[at->operand] = *--top; break;
        case ADD: top--; top[-1] += *top; break;
        case SUB: top--; top[-1] -= *top; break;
        case MUL: top--; top[-1] *= *top; break;
        case AND: top--; top[-1] &= *top; break;
        case JUMP_IF: if (*--top) pc = at->operand; break;
        default: return variables[1];
        }
    }
}
