/* Decides the test vectors and prints what that takes: instructions, where
   the emulator lets one pass in every nanosecond and SysTick counts 25 MHz; and
   bytes of stack. Compile with -include NAME.h, -Dclassify=NAME_classify and
   -Dresult=NAME_result. */
#include <stdio.h>

#include "vectors.h"

#define SYST_CSR (*(volatile uint32_t *)0xe000e010)
#define SYST_RVR (*(volatile uint32_t *)0xe000e014)
#define SYST_CVR (*(volatile uint32_t *)0xe000e018)

enum { PAINTED = 8192, PAINT = 0xa5 };

/* lowest is the first byte that was used of those below the stack's end. */
static const volatile uint8_t *lowest(const volatile uint8_t *sp)
{
    const volatile uint8_t *p = sp - PAINTED;
    while (p < sp && *p == PAINT)
        p++;
    return p;
}

int main(void)
{
    unsigned long most = 0, sum = 0;
    int stack = 0;
    SYST_RVR = 0xffffff;
    SYST_CSR = 5;
    for (int i = 0; i < VECTORS; i++) {
        result r;
        uint8_t *sp;
        __asm__ volatile("mov %0, sp" : "=r"(sp));
        for (volatile uint8_t *p = sp - PAINTED; p < sp; p++)
            *p = PAINT;
        SYST_CVR = 0;
        const uint32_t begin = SYST_CVR;
        classify(vectors[i].image, &r);
        const uint32_t ticks = (begin - SYST_CVR) & 0xffffff;
        const int used = (int)(sp - lowest(sp));
        stack = used > stack ? used : stack;
        const unsigned long instructions = 40ul * ticks;
        sum += instructions;
        most = instructions > most ? instructions : most;
        if (r.decision != vectors[i].decision || r.higher != vectors[i].higher)
            printf("image %d: class %d, WRONG\n", i, r.decision);
    }
    printf("%lu instructions an image, at most %lu; %d bytes of stack\n", sum / VECTORS, most, stack);
    return 0;
}
