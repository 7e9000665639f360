/* The vectors of a Cortex-M: where the stack begins, and newlib's _start, which
   does the rest. The emulator loads .data where it belongs. */
extern char __stack;
extern void _start(void);

static void fault(void)
{
    /* Semihosting: the program ends with an error. */
    __asm__ volatile("mov r0, #0x18\n ldr r1, =0x20023\n bkpt 0xab");
    for (;;)
        ;
}

__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))&__stack, _start, fault, fault, fault, fault, fault,
};
